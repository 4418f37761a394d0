"""Every Chinese word the desk puts on a code: states, findings, roles, refusals, errors. One mapping each.

The voice: answer first, then why, then what to do next; nobody is blamed. `tests/integration/test_desk_words.py`
walks the codes of the lower layers and fails on one that has no words here.
"""

from dataclasses import dataclass
from typing import Final

from knowledge.casework.access import Role
from knowledge.casework.categories import Category, load_categories
from knowledge.casework.clocks import ClockState
from knowledge.casework.labels import load_labels
from knowledge.casework.lifecycle import CaseAct, CaseState, Disposal, Finding, MeasureKind, Missing, StepKind
from knowledge.casework.names import AttemptOutcome, ContactMethod, NameState, Purpose, RefusalReason, ReleasePurpose
from knowledge.casework.replies import Doubt, DoubtKind
from knowledge.casework.transfers import TransferKind, TransferState
from knowledge.errors import QingfengError
from knowledge.model import Kind
from storage.errors import RuleRefused
from storage.repositories.cases import COUNTED_UP_TO
from storage.repositories.handovers import Was

STATES: Final[dict[CaseState, str]] = {
    CaseState.RECEIVED: "已收到，待受理",
    CaseState.REGISTERED: "已登记，待受理",
    CaseState.ACCEPTED: "已受理",
    CaseState.REFERRED: "已转外单位，等回音",
    CaseState.DISPOSAL_PROPOSED: "处置意见等人审",
    CaseState.HELD: "暂存待查",
    CaseState.INVESTIGATING: "调查中",
    CaseState.AWAITING_APPROVAL: "结论等人审",
    CaseState.APPROVED: "结论已定，待告知",
    CaseState.TOLD: "已告知，待办结",
    CaseState.CLOSED: "已办结",
    CaseState.GUIDED_ELSEWHERE: "已告知去哪里办",
}

#: What a queue is narrowed to.
QUEUES: Final[dict[str, str]] = {
    "to-accept": "等受理",
    "to-decide": "等审定",
    **{str(state): said for state, said in STATES.items()},
}

NAME_STATES: Final[dict[NameState, str]] = {
    NameState.NONE: "没有留名",
    NameState.CLAIMED: "署名，等核实（名字另外加密，这里看不到）",
    NameState.VERIFIED: "实名，已核实（名字另外加密，这里看不到）",
    NameState.UNVERIFIABLE: "署名，核实不了，按不留名办",
}

#: How a report came that an official writes down.
WAYS: Final[dict[str, str]] = {"walk_in": "来访", "phone": "电话", "letter": "来信"}

#: What a reporter's message is, and what an official's is when it is more than a message.
MESSAGE_KINDS: Final[dict[str, str]] = {
    "message": "",
    "supplement": "补充",
    "new_evidence": "新证据",
    "objection": "不同意见",
    "withdrawal": "想撤回",
    "explanation": "答复不同意见",
    "result": "告知",
}

#: Blanks of canned answers, as their fields are called.
BLANKS: Final[dict[str, str]] = {
    "number": "编号",
    "place": "村（社区）",
    "unit": "单位",
    "received_on": "收到的日子",
    "due_on": "最晚哪天",
    "today": "今天",
    "phone": "电话",
    "office": "单位或者地点",
    "hours": "什么时间有人",
    "reason": "核对下来怎么样",
}

#: What in a text for a reporter wants a second look.
DOUBTS: Final[dict[DoubtKind, str]] = {
    DoubtKind.BLANK: "还有没填的：{found}。",
    DoubtKind.LABEL: "“{found}”不能发：{why}可以说：{instead}",
    DoubtKind.CAUTION: "“{found}”再想想：{why}可以说：{instead}",
    DoubtKind.OTHER_CASE: "里面写的是另一件的编号：{found}。",
    DoubtKind.OTHER_PLACE: "里面写的是另一个村（社区）：{found}。",
}

#: The same for a custodian, who sees the name but not the report.
NAME_CHECKS: Final[dict[NameState, str]] = {
    NameState.CLAIMED: "还没核实",
    NameState.VERIFIED: "核实过了，是本人反映的",
    NameState.UNVERIFIABLE: "核实不了，按没留名的办",
}
#: How a custodian reached a reporter, and what came of it.
METHODS: Final[dict[ContactMethod, str]] = {ContactMethod.CALL: "打电话", ContactMethod.VISIT: "见面"}
OUTCOMES: Final[dict[AttemptOutcome, str]] = {
    AttemptOutcome.CONFIRMED: "联系上了，本人确认",
    AttemptOutcome.NOT_REACHED: "没联系上",
    AttemptOutcome.WRONG_NUMBER: "号码不对",
    AttemptOutcome.DENIED: "不是本人反映的",
}
#: How a reporter came to an official who does not know the name.
CAME_BY: Final[dict[ContactMethod, str]] = {ContactMethod.CALL: "打来电话", ContactMethod.VISIT: "自己来了"}
CAME: Final[dict[AttemptOutcome, str]] = {
    AttemptOutcome.CONFIRMED: "说得出编号，确认是本人反映的",
    AttemptOutcome.NOT_REACHED: "在对话里请过，没有来",
}
PURPOSES: Final[dict[str, str]] = {
    Purpose.CALL: "打电话核实",
    Purpose.VISIT: "见面核实",
    Purpose.RECOGNISE: "认一认是不是反映过的人",
    ReleasePurpose.TALK: "当面问情况",
    ReleasePurpose.PROTECT: "反映人受了威胁，要保护",
    ReleasePurpose.PASS_ON: "依法移交给别的机关",
    ReleasePurpose.OTHER: "别的",
}
REFUSALS: Final[dict[RefusalReason, str]] = {
    RefusalReason.NOT_NEEDED: "办这件事不用知道名字",
    RefusalReason.ASK_IN_CHAT: "发消息问反映人就行",
    RefusalReason.RISK: "怕反映人有危险",
    RefusalReason.NONE_LEFT: "反映人没有留名字",
    RefusalReason.OTHER: "别的",
}
KEY_NOT_OPENED: Final = "密码不对，没有办成。请再输一次。"
NAME_NOT_OPENED: Final = "密码不对，名字没有打开。请再输一次。"
NAME_WAIT: Final = "试的次数多了，请等 {minutes} 分钟再试。密码没有被锁。"

#: Whether malware was looked for; a clean file needs no word.
SCANS: Final[dict[str, str]] = {"unscanned": "还没查过病毒", "unscannable": "太大，没能查病毒"}
MALWARE: Final = "查出病毒（{}）。原件照样存着，不能在这里看。一定要看，下载到不连网的电脑上打开。"
LINK_KINDS: Final[dict[str, str]] = {"related": "有关联", "duplicate": "同一件事", "mass": "多人反映同一件事"}

FILED_VIA: Final[dict[str, str]] = {
    "chat": "聊天里反映",
    "walk_in": "来访，代录",
    "phone": "电话，代录",
    "letter": "来信，代录",
    "import": "从旧登记簿录入",
}

DISPOSALS: Final[dict[Disposal, tuple[str, str]]] = {
    Disposal.PRELIMINARY_VERIFICATION: ("初步核实", "派人去查"),
    Disposal.TALK_OR_INQUIRY: ("谈话函询", "找被反映人谈，或者发函请他说明"),
    Disposal.HOLD: ("暂存待查", "眼下查不了，定个日子再看"),
    Disposal.CONCLUDE: ("予以了结", "必查的件不能这样办"),
}

STEP_KINDS: Final[dict[StepKind, str]] = {
    StepKind.TALK: "谈话",
    StepKind.LETTER_SENT: "发函",
    StepKind.LETTER_ANSWERED: "收到回函",
    StepKind.VISIT: "走访",
    StepKind.DOCUMENTS: "查账、调材料",
    StepKind.OTHER: "别的",
}

MEASURES: Final[dict[MeasureKind, tuple[str, str]]] = {
    MeasureKind.CANCEL_CANDIDACY: ("建议取消参选资格", "由村选举委员会、镇里依法决定"),
    MeasureKind.ELECTION_VOID: ("建议宣布当选无效", "由有权的机关依法决定"),
    MeasureKind.PUBLIC_SECURITY: ("移送公安", "涉嫌违反治安管理或犯罪"),
    MeasureKind.DISCIPLINE_ORGAN: ("移送纪检监察", "涉及党员、公职人员"),
    MeasureKind.CRITICISM: ("批评教育、责令改正", "由所在党组织或镇里办"),
    MeasureKind.CLEAR_NAMES: ("澄清正名", "反映不实的，还被反映人清白，须经批准"),
    MeasureKind.NONE: ("不用处理", "写清楚为什么"),
}

FINDINGS: Final[dict[Finding, tuple[str, str]]] = {
    Finding.SUBSTANTIATED: ("属实", "反映的主要事情都查到了"),
    Finding.PARTLY_SUBSTANTIATED: ("部分属实", "有的查到了，有的没有"),
    Finding.UNFOUNDED: ("不属实", "查清楚了，没有这回事"),
    Finding.CANNOT_BE_VERIFIED: ("没法查实", "能查的都查了，证据不够下结论"),
}

CATEGORIES: Final[dict[str, str]] = {
    Category.REAL_NAME: "实名反映",
    Category.SPECIFIC_CLUES: "线索具体",
    Category.VOTE_BUYING: "涉嫌拉票贿选",
    Category.MASS_REACTION: "群众反映强烈",
}

ROLES: Final[dict[Role, str]] = {
    Role.VILLAGE_CLERK: "村级联络员",
    Role.TOWNSHIP_STAFF: "镇换届办",
    Role.DISCIPLINE_OFFICIAL: "纪检办案人",
    Role.DISCIPLINE_LEADER: "纪检负责人",
    Role.SUPERIOR: "上级审核人",
    Role.CUSTODIAN: "身份保管人",
    Role.AUDITOR: "审计员",
    Role.ADMINISTRATOR: "系统管理员",
}

#: What a role without pages at the desk is told on its first page.
ROLE_ELSEWHERE: Final[dict[Role, str]] = {
    Role.AUDITOR: "谁看了、办了什么，在“记录”里找。记录有没有被改过，请在服务器上用“qingfeng audit verify”核对。",
    Role.ADMINISTRATOR: "您负责开通、调整和停用帐号，看不到反映的内容。请点“人员”。",
}

ACTS: Final[dict[CaseAct, str]] = {
    CaseAct.REGISTER: "登记",
    CaseAct.ACCEPT: "受理",
    CaseAct.GUIDE_ELSEWHERE: "告知去哪里办",
    CaseAct.REFER: "转给外单位",
    CaseAct.TAKE_BACK: "接着办",
    CaseAct.PROPOSE_DISPOSAL: "交处置意见",
    CaseAct.RETURN_DISPOSAL: "退回处置意见",
    CaseAct.START_INVESTIGATION: "开始调查",
    CaseAct.HOLD: "暂存待查",
    CaseAct.TAKE_UP: "重新办起来",
    CaseAct.CONCLUDE: "了结",
    CaseAct.SUBMIT_FINDING: "交结论",
    CaseAct.RETURN_FINDING: "退回补充",
    CaseAct.APPROVE_FINDING: "审核通过",
    CaseAct.TELL_RESULT: "告知结果",
    CaseAct.CLOSE: "办结",
    CaseAct.REOPEN: "重新办理",
}

#: What can be covered, where it is not a part of the account with a name of its own.
REDACTED: Final[dict[str, str]] = {"narrative": "反映内容", "message": "对话", "note": "内部记录", "file": "材料"}

#: What became of an opinion or a recommendation, in a dossier.
DECIDED: Final[dict[str, str]] = {"approved": "同意", "returned": "退回", "taken": "照办了", "not_taken": "没有照办"}

#: The event log as auditors read it. An act without words here is shown by its code.
LOG_ACTS: Final[dict[str, str]] = {
    **{f"case_{act}": said for act, said in ACTS.items()},
    "absence_ended": "登记回来了",
    "absence_entered": "登记请假和代班",
    "accountability_recorded": "记责任追究",
    "committee_member_added": "登记选举委员会成员",
    "committee_member_left": "登记选举委员会成员退出",
    "committee_read": "查看选举委员会",
    "difficulty_judged": "定难度",
    "election_started": "启动选举",
    "gate_approved": "审过一关",
    "gate_handed_in": "交一关的材料",
    "gate_read": "查看一关",
    "gate_reopened": "回头看，重新打开一关",
    "gate_returned": "退回一关",
    "gates_read": "查看一个村的关口",
    "likeness_judged": "认相近的名字",
    "relative_declared": "登记选委会成员的近亲属",
    "relative_withdrawn": "去掉填错的近亲属",
    "responsibility_assigned": "定谁负责",
    "responsibility_read": "查看谁负责",
    "village_plan_written": "写一村一策",
    "asked_above": "请上级过问",
    "asked_above_answered": "上级答复",
    "calendar_imported": "录入放假安排",
    "candidate_created": "登记参选人",
    "candidate_invited": "请参选人签承诺",
    "case_assigned": "交给同事办",
    "case_climbed": "没有人能办，升到上一级",
    "case_erased": "到期删除",
    "case_exported": "导出卷宗",
    "case_handed_over": "交接",
    "case_linked": "关联",
    "case_merged": "并到别的件",
    "case_merged_here": "别的件并进来",
    "case_moved": "换了承办单位",
    "case_overseen": "从上级查看",
    "case_previewed": "看之前先问要不要回避",
    "case_read": "查看",
    "case_taken_over": "提级办理",
    "case_unlinked": "取消关联",
    "case_unmerged": "取消合并",
    "case_urged": "督办",
    "commitment_signed": "签承诺",
    "contact_attempted": "核实名字",
    "deadline_moved": "期限重算",
    "declared_clear": "说明不用回避",
    "duty_added": "排值班",
    "duty_removed": "去掉值班",
    "elections_imported": "录入选举日",
    "entry_approved": "审过问答",
    "entry_published": "发布问答",
    "entry_returned": "退回问答",
    "entry_withdrawn": "撤下问答",
    "entry_written": "写问答",
    "evidence_added": "加证据",
    "file_read": "打开文件",
    "files_released": "文件随件转走",
    "flag_lowering_asked": "申请取消必查",
    "flag_raised": "标为必查",
    "handed_over": "全部交接",
    "identity_not_opened": "打开名字，密码不对",
    "identity_opened": "打开名字",
    "inquiry_escalated": "提问交给上级",
    "inquiry_replied": "答复提问",
    "investigation_handed_over": "调查换人",
    "invitation_opened": "打开承诺邀请",
    "kin_confirmed": "确认亲属和利益申报",
    "kin_declared": "申报亲属或利益",
    "kin_taken_back": "收回申报",
    "law_imported": "录入法律原文",
    "legal_hold_set": "设定保留",
    "list_read": "查看列表",
    "log_sealed": "记录开始盖封印",
    "mass_reaction_reached": "达到群众反映强烈",
    "material_added": "补充材料",
    "may_stand": "可以参选",
    "measure_decided": "处理有了结果",
    "measure_recommended": "提处理建议",
    "message_sent": "给反映人留言",
    "name_file_read": "查看名字的核实情况",
    "note_written": "写内部记录",
    "notice_chat_set": "绑定提醒",
    "official_changed": "帐号变动",
    "official_created": "开通帐号",
    "official_deactivated": "停用帐号",
    "own_case_read": "反映人查看自己的件",
    "own_list_read": "反映人查看自己的列表",
    "places_imported": "录入地方",
    "recused": "回避",
    "redaction_asked": "申请遮盖",
    "redaction_decided": "定遮盖",
    "redaction_original_read": "看遮盖前的原文",
    "register_entered": "录入旧登记簿",
    "report_submitted": "收到反映",
    "signed_in": "登录",
    "signed_in_by_link": "用一次性链接登录",
    "step_recorded": "记调查经过",
    "sub_status_set": "改办理步骤",
    "task_finished": "办完一项日程",
    "election_day_moved": "改选举日",
    "happening_recorded": "记一件选举中的事",
    "transfer_accepted": "接收移交",
    "transfer_declined": "退回移交",
    "transfer_expired": "移交过期",
    "transfer_offered": "提出移交",
    "transfer_read": "查看移交",
    "transfer_withdrawn": "收回移交",
    "withdrawn": "反映人撤回",
    "asked_above_by_receipt": "凭收据请上级过问",
    "authenticator_changed": "换手机验证码",
    "evidence_announced": "说有大文件要交",
    "export_considered": "想导出卷宗",
    "file_played": "听或看录音录像",
    "file_seen": "看预览图",
    "key_changed": "换钥匙",
    "key_not_opened": "密码不对，没打开钥匙",
    "key_retired": "停用旧的服务器密钥",
    "key_rewrapped": "钥匙换了密码",
    "malware_found": "文件查出病毒",
    "names_split_anew": "重新分名字",
    "own_chat_erased": "本人删掉聊天",
    "passkey_added": "加通行密钥",
    "passkey_removed": "去掉通行密钥",
    "password_changed": "换密码",
    "recovery_key_made": "打印救急码",
    "release_asked": "申请看名字",
    "release_forgotten": "看名字的时间到了",
    "release_granted": "同意看名字",
    "release_looked": "打开看名字的申请页",
    "release_not_granted": "密码不对，没有同意",
    "release_refused": "不同意看名字",
    "session_ended": "退出一处登录",
    "sessions_ended": "退出全部登录",
    "shares_contributed": "交出自己的份",
    "broadcast_written": "写群发",
    "broadcast_changed": "改群发",
    "broadcast_approved": "批准群发",
    "broadcast_cancelled": "停掉群发",
    "broadcast_unreachable_read": "查看没送到的人数",
}
LOG_ACTORS: Final[dict[str, str]] = {"reporter": "反映人", "system": "系统", "candidate": "参选人"}
LOG_SUBJECTS: Final[dict[str, str]] = {
    "list/cases": "反映列表",
    "list/handover": "交接清单",
    "list/home": "首页",
    "list/log": "办理记录",
    "list/names": "待核实的名字",
    "list/oversight": "督办列表",
    "list/own": "自己的反映",
    "list/transfers": "移交列表",
    "list/gates": "各村的关口",
    "list/responsibility": "各村谁负责",
    "list/absences": "请假和代班",
    "log": "办理记录",
    "place": "地方",
    "election": "选举",
    "broadcast": "群发",
}
LOG_DETAILS: Final[dict[str, str]] = {
    "shown": "看到几件",
    "purpose": "用途",
    "by_code": "用查询码",
    "number": "编号",
    "state": "状态",
    "must": "只看必查",
    "mine": "只看自己办的",
    "late": "只看过期",
    "further": "往后翻",
    "merged": "并进来的",
    "letter": "步骤",
    "round": "第几轮",
    "file": "文件号",
    "handler": "交给",
    "transfer": "移交号",
    "by": "谁做的",
    "officials": "回避的人",
    "from": "从",
    "until": "到",
    "to": "到",
    "method": "方式",
    "outcome": "结果",
    "finding": "结论",
    "kind": "种类",
    "redaction": "遮盖号",
    "role": "岗位",
    "decision": "决定",
    "manifest": "卷宗指纹",
    "gate": "哪一关",
    "evidence": "材料号",
    "started": "那时已启动",
    "member": "成员号",
    "successor": "递补的",
    "relative": "近亲属号",
    "level": "哪一级",
    "grade": "难度",
    "absence": "请假号",
    "people": "人数",
}
LOG_VALUES: Final[dict[str, str]] = {
    **{str(role): said for role, said in ROLES.items()},
    **{str(finding): said for finding, (said, _) in FINDINGS.items()},
    "call": "打电话",
    "visit": "见面",
    "approved": "同意",
    "refused": "不同意",
    "narrative": "反映内容",
    "message": "对话",
    "note": "内部记录",
    "file": "材料",
}
LOG_NO_DATE: Final = "这个日子没看懂，请重新选。"
LOG_BACKWARDS: Final = "结束的日子在开始的前面，请换一下。"

#: What an act puts before the words that it leaves as a note for colleagues.
NOTED: Final[dict[str, str]] = {
    "refer": "转给外单位：{}",
    "take-back": "外单位回话：{}",
    "return": "退回补充：{}",
    "reopen": "重新办理：{}",
}

#: What is missing, and where on the case's page it is done.
MISSING: Final[dict[Missing, tuple[str, str]]] = {
    Missing.DISPOSAL: ("处置意见", "#next"),
    Missing.INVESTIGATION: ("开始调查", "#next"),
    Missing.FINDING: ("调查结论", "#next"),
    Missing.EVIDENCE: ("至少一份证据", "#next"),
    Missing.APPROVAL: ("第二人审核", "#next"),
    Missing.SECOND_PERSON: ("换一个人来审：自己办的不能自己审", ""),
    Missing.MEASURE: ("处理建议（不用处理也要写一句为什么）", "#measures"),
    Missing.FITTING_MEASURE: ("处理建议和结论对不上：查实了要有处理，不属实的只能澄清或不处理", "#measures"),
    Missing.RESULT_TOLD: ("把结果告诉反映人", "#next"),
    Missing.NAME_CHECK: ("核实反映人的名字，或者记满联系不上", "#names"),
    Missing.HANDLER: ("先定下谁来办", "#more"),
    Missing.SEPARATE_CASE: ("这件并到别的件里了，到那一件上办", "#links"),
    Missing.NOT_FROM_HERE: ("前面的步骤还没走完，或者这一步已经办过了", "#steps"),
}

BROADCAST_KINDS: Final[dict[str, str]] = {"discipline": "讲纪律", "publicity": "讲政策和办法"}
#: How a broadcast stands: badge and words.
BROADCAST_STATES: Final[dict[str, tuple[str, str]]] = {
    "draft": ("warn", "等批准"),
    "running": ("info", "正在发"),
    "done": ("ok", "发完了"),
    "cancelled": ("neutral", "停掉了"),
}
#: What became of a recipient, in the order of a page.
RECIPIENT_STATES: Final[dict[str, str]] = {
    "sent": "送到了",
    "queued": "正在送",
    "waiting": "排着队",
    "unreachable": "送不到，要纸质送",
    "left": "退订了，没有送",
    "cancelled": "停掉了，没有送",
}

TRANSFER_KINDS: Final[dict[TransferKind, str]] = {
    TransferKind.OFFER: "移交",
    TransferKind.ASSIGNED: "交办",
}

TRANSFER_STATES: Final[dict[TransferState, str]] = {
    TransferState.OFFERED: "等对方答复",
    TransferState.ACCEPTED: "对方接下了",
    TransferState.DECLINED: "对方退回",
    TransferState.WITHDRAWN: "自己收回了",
    TransferState.EXPIRED: "没有移成，还归原单位",
}
TRANSFER_NOT_DONE: Final = "这一步没有办。"
TRANSFER_OVER: Final = "这次移交已经答复过了，或者收回了、过期了、件有了变化。下面是最新的。"
TRANSFER_OWN: Final = "自己提的移交，要请同事来答复。"
FILES_RELEASED: Final = "跟着走，对方看得到"
FILES_KEPT: Final = "留在原单位"

#: What somebody was doing on a case that is handed over.
HELD_AS: Final[dict[Was, str]] = {Was.HANDLER: "经办", Was.INVESTIGATOR: "调查"}

#: What can be done to several cases at once, and what is wrong before any is touched.
BULK_ACTS: Final[dict[str, str]] = {"assign": "一起转给同事", "close": "一起办结"}
BULK_NOTHING: Final = "还没有勾选哪几件。"
BULK_NOBODY: Final = "还没有选转给谁。"
BULK_DECLARE: Final = "还没说您和这件有没有关系，点开说一声再办。"

OFFICES: Final[dict[str, str]] = {"chair": "主任", "vice_chair": "副主任", "member": "委员"}

CANDIDATE_STATES: Final[dict[str, tuple[str, str]]] = {
    "invited": ("neutral", "还没打开邀请"),
    "signing": ("warn", "正在签"),
    "may_stand": ("ok", "可以参选"),
    "withdrawn": ("neutral", "已退出"),
}

ELECTION_STATES: Final[dict[str, str]] = {"preparing": "筹备中", "running": "进行中", "finished": "已结束"}

#: Where a gate stands: kind of badge and words.
GATE_STATES: Final[dict[str, tuple[str, str]]] = {
    "open": ("warn", "还没交"),
    "waiting": ("info", "等第二人审"),
    "closed": ("ok", "过了"),
    "returned": ("danger", "退回了"),
    "reopened": ("danger", "回头看没过"),
}
GATE_REVIEWS: Final[dict[str, tuple[str, str]]] = {
    "approved": ("ok", "审过了"),
    "returned": ("warn", "退回"),
    "reopened": ("danger", "回头看，没通过"),
}
GATE_STALE: Final = "刚刚有人动过这一关。下面已经是最新的，您写的还在，看过以后可以再交一次。"
COMMITTEE_ROLES: Final[dict[str, str]] = {"chair": "主任", "vice_chair": "副主任", "member": "委员"}
NEAR_RELATIONS: Final[dict[str, str]] = {
    "spouse": "配偶",
    "parent": "父母",
    "child": "子女",
    "sibling": "兄弟姐妹",
    "grandparent": "祖父母、外祖父母",
    "grandchild": "孙子女、外孙子女",
    "other": "别的近亲属",
}
LEAVING_REASONS: Final[dict[str, str]] = {
    "nominated": "本人被提名",
    "relative_nominated": "近亲属被提名",
    "resigned": "自己提出不干",
    "absent": "多次不参加会议",
    "other": "别的原因",
}
#: The four levels that answer for a village.
LEVELS: Final[dict[str, str]] = {
    "county_leader": "县级联系领导",
    "township_leader": "乡镇包村领导",
    "guide": "驻村指导员",
    "village": "村里负责人",
}
ABSENCE_KINDS: Final[dict[str, str]] = {
    "leave": "休假",
    "sick": "病假",
    "away": "出差",
    "training": "培训",
    "other": "别的",
}
ACCOUNT_GROUNDS: Final[dict[str, str]] = {
    "not_taken_seriously": "不重视",
    "too_few_people": "力量没派够",
    "not_carried_out": "措施没落实",
    "not_on_time": "没按时完成",
    "not_dealt_with": "对严重的违法事情处理不力、不及时",
}
ACCOUNT_MEASURES: Final[dict[str, str]] = {
    "talk": "提醒谈话",
    "criticism": "批评教育",
    "circular": "通报",
    "organisation": "组织处理",
    "discipline": "移送纪检监察",
}

#: Where a line of a plan comes from.
TASK_SOURCES: Final[dict[str, str]] = {"hard": "国家法律", "province": "省里规定", "policy": "工作安排"}

#: What a tick asks for, by the task's proof.
TASK_PROOFS: Final[dict[str, str]] = {
    "note": "写一句怎么办的",
    "posted": "写明贴在哪里、几点贴的",
    "document": "写明材料的名字或编号",
}

#: Whom an entry written here is said to.
ENTRY_KINDS: Final[dict[Kind, str]] = {
    Kind.BOTH: "村里和社区都说",
    Kind.VILLAGE: "只说给村里的人",
    Kind.COMMUNITY: "只说给社区的人",
}

NARRATIVE: Final[dict[str, str]] = {
    "what": "发生了什么",
    "who": "反映的是谁",
    "when": "什么时候",
    "where": "在什么地方",
    "how_known": "怎么知道的",
}

CHANNELS: Final[dict[str, str]] = {"web": "网页", "telegram": "Telegram"}

#: Where a clock stands, beside "还剩5天" and "过期2天" for one that runs; `day` is when it stopped, or counts again.
CLOCK_STATES: Final[dict[ClockState, str]] = {
    ClockState.RUNNING: "在走",
    ClockState.LATE: "过期了",
    ClockState.PAUSED: "停着，{day}接着算",
    ClockState.KEPT: "{day}按时办了",
    ClockState.MISSED: "{day}办的，晚了{days}天",
}
MOVED: Final = "原来是{was}。放假安排变了，重新算过。"
MOVED_SHORT: Final = "原来是{was}"
PROVISIONAL: Final = "{year}年的放假安排还没录入，先按周一到周五算。录入以后，日子可能会变。"
RECKONED_BY_ANOTHER_CALENDAR: Final = "这个日子是按当时的放假安排算的，后来安排有变，不再往回改。"

#: What is wrong with a field of a form: (field, fault) -> what to do about it.
FAULTS: Final[dict[tuple[str, str], str]] = {
    ("kind_of_proof", "unknown"): "请选交的是什么。",
    ("kind_of_proof", "closed"): "这一关已经过了，不用再交。有新情况，请审的人回头看。",
    ("gate_decision", "unknown"): "请选通过，或者退回。",
    ("gate_decision", "nothing_waits"): "现在没有等着审的，可能刚有人审过。",
    ("gate_decision", "own"): "这里面有您交的，要请另一个人来审。",
    ("gate_decision", "lacking"): "必须有的还没交齐，先退回去补，写清楚差什么。",
    ("look_back_reason", "too_short"): "请写清楚哪里没做到，至少 4 个字。",
    ("look_back_reason", "too_long"): "最多 2000 字，请短一点。",
    ("look_back_reason", "not_passed"): "这一关现在没有过，不用重新打开。",
    ("look_back_reason", "own"): "交的人、审过的人不能自己回头看，要请另一个人。",
    ("member_name", "empty"): "还没写姓名。",
    ("member_name", "too_long"): "姓名最多 20 个字。",
    ("member_name", "taken"): "这个名字已经在选举委员会里了。真有同名的，在后面加上“（三组）”这样的字。",
    ("committee_role", "unknown"): "请选职务。",
    ("relative_name", "empty"): "还没写近亲属的姓名。",
    ("relative_name", "too_long"): "姓名最多 20 个字。",
    ("near_relation", "unknown"): "请选是什么关系。",
    ("pair", "unknown"): "这一处已经变了，请看看最新的。",
    ("match_verdict", "unknown"): "请选是不是同一个人。",
    ("match_verdict", "certain"): "申报过的近亲属和参选人同名，就要退出。申报填错了的，先去掉再重新填。",
    ("match_reason", "too_short"): "请写一句怎么知道的。",
    ("match_reason", "too_long"): "最多 200 字，请短一点。",
    ("left_because", "unknown"): "请选为什么退出。",
    ("left_on", "no_date"): "请选哪天退出的，不能晚于今天。",
    ("successor_member", "unknown"): "递补的人要从排队的名单里选。",
    ("level", "unknown"): "请选哪一级。",
    ("answers_name", "too_short"): "名字至少两个字。",
    ("answers_name", "too_long"): "名字最多 20 个字。",
    ("answers_post", "too_short"): "请写单位和职务。",
    ("answers_post", "too_long"): "最多 40 个字，请短一点。",
    ("answers_from", "no_date"): "请选从哪天起。",
    ("answers_seat", "unknown"): "这个帐号不管这个村，请从列表里选。",
    ("factors", "unknown"): "没有这个难处，请从列表里选。",
    ("grade", "unknown"): "请选定成哪一档。",
    ("difficulty_note", "too_short"): "和建议的不一样，请写一句为什么。",
    ("difficulty_note", "too_long"): "最多 200 字，请短一点。",
    ("plan_leader", "too_short"): "请写谁牵头，至少两个字。",
    ("plan_leader", "too_long"): "名字最多 20 个字。",
    ("plan_from", "no_date"): "请选从哪天起。",
    ("plan_until", "no_date"): "请选到哪天。",
    ("plan_until", "before_it_begins"): "结束的日子比开始的还早。",
    ("measures", "none"): "至少写一条：办什么、谁办、最晚哪天。",
    ("measures", "half"): "有一条没写全：办什么、谁办、最晚哪天都要写。",
    ("measures", "too_long"): "有一条太长了：办什么最多 200 字，谁办最多 20 字。",
    ("account_level", "unknown"): "请选哪一级的责任。",
    ("account_ground", "unknown"): "请选因为什么。",
    ("account_measure", "unknown"): "请选怎么处理的。",
    ("account_who", "too_short"): "名字至少两个字。",
    ("account_who", "too_long"): "名字最多 20 个字。",
    ("account_organ", "too_short"): "请写哪个单位定的。",
    ("account_organ", "too_long"): "最多 40 个字，请短一点。",
    ("account_document", "too_short"): "请写依据哪份文件。",
    ("account_document", "too_long"): "最多 200 字，请短一点。",
    ("account_what", "too_short"): "请写清楚经过，至少 4 个字。",
    ("account_what", "too_long"): "最多 200 字，请短一点。",
    ("absent", "unknown"): "请从列表里选谁不在。别人的假由镇换届办登记。",
    ("absent", "away_already"): "这几天已经登记过了。",
    ("absence_kind", "unknown"): "请选为什么不在。",
    ("away_from", "no_date"): "请选从哪天起。",
    ("away_until", "no_date"): "请选到哪天。",
    ("away_until", "before_it_begins"): "结束的日子比开始的还早。",
    ("away_until", "past"): "这几天已经过去了，不用登记。",
    ("deputy", "same"): "不能自己代自己，请另选一个人。",
    ("deputy", "unfit"): "这个人代不了：要管得到同样的村，能办同样的事。",
    ("deputy", "away"): "这个人那几天也不在，请另选一个。",
    ("proof", "missing"): "先写明凭据，再点办完。",
    ("proof", "too_long"): "凭据太长了，200 字以内就行。",
    ("done_on", "ahead"): "这一天还没到，请写实际办完的那天。",
    ("reason", "missing"): "请写为什么改选举日，以后查得到。",
    ("election_day", "same"): "选举日就是这一天，不用改。",
    ("election_day", "over"): "这次选举已经结束，选举日不能再改。",
    ("election_day", "no_date"): "请选一个日子，比如 2026-05-10。",
    ("happening", "unknown"): "请从列表里选一件。",
    ("happening", "recorded_before"): "这件事已经记过一次了。",
    ("happened_on", "ahead"): "这一天还没到，请写实际发生的那天。",
    ("happened_on", "too_far_back"): "这一天太早了，最多能补记 60 天以内的事。",
    ("happened_on", "no_date"): "请选实际发生的那天。",
    ("happening_note", "too_long"): "说明太长了，200 字以内就行。",
    ("username", "bad_form"): "用户名用小写字母开头，2 到 59 个字母、数字、点、横线。",
    ("username", "taken"): "这个用户名有人用了，请换一个。",
    ("role", "unknown"): "没有这个岗位，请从列表里选。",
    ("password", "too_short"): "密码至少 12 个字符。",
    ("password", "too_long"): "密码最多 200 个字符，请短一点。",
    ("password", "guessable"): "这个密码太容易猜到。换几个不相干的词连起来，别用名字、生日、地名和连着的键。",
    ("again", "differs"): "两次写的密码不一样，请再写一遍。",
    ("code", "wrong"): "验证码不对。看看手机的时间准不准，等换了新的再填。",
    ("code", "begin_again"): "放得太久了，请再点一次“换手机”。",
    ("passkey", "too_many"): "已经有 10 个通行密钥了，先去掉不用的。",
    ("passkey_name", "bad_length"): "名称 1 到 60 个字。",
    ("passkey_name", "unknown"): "没有找到这个通行密钥，可能已经去掉了。",
    ("username", "own"): "自己的帐号不能自己改，请另一位管理员来办。",
    ("purpose", "unknown"): "请选用来做什么。",
    ("recovery", "bad_form"): "救急码抄错了一位，请对着那张纸再看一遍。",
    ("recovery", "wrong"): "这张救急码打不开您的钥匙。看看后来有没有换过新的。",
    ("recovery", "needed"): "要旧密码或者救急码，才能换新密码，不然您手里的份就打不开了。",
    ("username", "keeps_names"): "他走了，有些名字就没人打得开。请先让别的保管人到“钥匙”里重新分。",
    ("purpose", "asked_already"): "已经申请过了，等他们答复。",
    ("purpose", "no_key"): "您还没有自己的钥匙。请退出，用密码和验证码再登录一次。",
    ("purpose", "no_custodian"): "现在没有别的保管人能决定。请管理员先设一位身份保管人。",
    ("purpose", "opens_alone"): "这个名字您自己就能打开，不用别人同意。",
    ("password", "colleague_first"): "您一个人打不开，要另一位保管人先同意。在下面请他们同意。",
    ("password", "not_released"): "现在不能看：时间到了，或者还没有同意。可以再申请。",
    ("vote", "decided"): "这件申请已经有结果了，您的答复没有记。",
    ("vote", "voted"): "您已经答复过了。",
    ("vote", "no_share"): "这个名字您没有份，不能同意。别的保管人可以。",
    ("vote", "no_key"): "申请的人现在没有钥匙，给不了他。请他重新登录后再申请。",
    ("reason", "unknown"): "请选一个原因。",
    ("colleague", "unknown"): "请选一位同事。",
    ("asked_why", "too_short"): "请说几句为什么，至少 4 个字。",
    ("asked_why", "too_long"): "最多 300 个字，请短一点。",
    ("words", "too_short"): "选了“别的”，请说几句为什么，至少 4 个字。",
    ("words", "too_long"): "最多 300 个字。",
    ("address", "too_long"): "住址最多 100 个字。",
    ("method", "unknown"): "请选怎么联系的。",
    ("outcome", "unknown"): "请选结果。",
    ("outcome", "settled"): "这个名字已经核实过了，不用再记。",
    ("link_kind", "unknown"): "请选是什么关系。",
    ("other", "unknown"): "没有找到这个编号，请看看有没有抄错。",
    ("other", "same"): "这就是现在这件，请写另一件的编号。",
    ("other", "linked"): "这两件已经连在一起了。",
    ("into", "unknown"): "没有找到这个编号，请看看有没有抄错。",
    ("into", "same"): "这就是现在这件，请写另一件的编号。",
    ("into", "already"): "这件已经并到别的件里了。",
    ("into", "has_children"): "有别的件并在这件里，先把它们分开，再并这件。",
    ("into", "this_found"): "这件已经有结论，不能再并到别的件里。",
    ("into", "merged"): "那件已经并到别的件里了，请并到最后那件。",
    ("into", "found"): "那件已经有结论或者办结了，不能再并进去。可以标成有关联。",
    ("into", "unit"): "两件归不同的单位办，先移交到一个单位再并。",
    ("into", "offered"): "那件正在移交，等对方答复了再并。",
    ("into", "later"): "那件收到得更晚。请打开那件，把它并到这件里来。",
    ("reply", "empty"): "还没写回复。",
    ("reply", "too_long"): "回复最多 2000 字，请短一点。",
    ("note", "too_short"): "请写一句哪里拿不准。",
    ("note", "too_long"): "最多 500 字，请短一点。",
    ("note", "nobody_above"): "上面还没有人能答，请找本单位的系统管理员。",
    ("note", "no_reason"): "退回去要写一句为什么，同事好改。",
    ("verdict", "unknown"): "请选通过，或者退回去改。",
    ("verdict", "own"): "自己写的要请别人来审。",
    ("version", "not_approved"): "这一版还没有审过，不能发布。",
    ("version", "taken"): "有的问法机器人已经会答了。请改一版，去掉这些问法。",
    ("place", "unknown"): "没有这个地方，请从列表里选。",
    ("kind", "unknown"): "请选说给村里、社区，还是都说。",
    ("label", "empty"): "还没写问题。",
    ("label", "too_long"): "按钮上最多放 16 个字。",
    ("label", "personal"): "里面有电话或者证件号，请去掉。",
    ("label", "taken"): "这个问题机器人已经会答了，下面列着。",
    ("questions", "too_few"): "至少写 3 种问法，一行一种。",
    ("questions", "too_many"): "最多 50 种问法。",
    ("questions", "too_long"): "有一行太长了，一种问法最多 60 个字。",
    ("questions", "personal"): "里面有电话或者证件号（遮住的也算），请去掉。",
    ("questions", "taken"): "有的问法机器人已经会答了，下面列着。",
    ("answer", "empty"): "还没写怎么答。",
    ("answer", "too_long"): "最多 120 个字，其余放到“说详细点”里。",
    ("answer", "figure"): "不能用两个连着的花括号，请直接写数。",
    ("more", "too_long"): "最多 1000 字，请短一点。",
    ("more", "figure"): "不能用两个连着的花括号，请直接写数。",
    ("sources", "none"): "还没写依据：选一条法律条文，或者写上本地文件。",
    ("sources", "no_such_article"): "没找到这一条。请选好法律，再写第几条，比如 18。",
    ("document", "empty"): "写了日期，还没写文件的名字。",
    ("document", "too_long"): "文件名最多 80 个字。",
    ("document_dated", "no_date"): "请写文件上的日期，不能晚于今天。",
    ("in_force_from", "no_date"): "请选从哪天起。",
    ("in_force_until", "no_date"): "这个日期没看懂，请再选一次；一直有效就空着。",
    ("in_force_until", "before_it_begins"): "结束的日子比开始的还早。",
    ("in_force_until", "over"): "这天已经过了，机器人不会说。",
    ("handler", "unknown"): "这个人现在不能办这件，请从列表里另选一个。",
    ("investigator", "unknown"): "这个人现在不能查这件，请从列表里另选一个。",
    ("to_unit", "unknown"): "这个单位现在接不了这件，请另选一个。",
    ("to_unit", "offered"): "已经提出移交了，等对方答复，或者先收回。",
    ("to_unit", "merged"): "有别的件并在这件里，先拆开再移交。",
    ("giver", "unknown"): "请选谁要走。",
    ("taker", "unknown"): "这个人现在接不了，请从列表里另选一个。",
    ("taker", "same"): "不能交给自己，请另选一个。",
    ("weekday", "unknown"): "请选星期几。",
    ("from_time", "no_time"): "请写几点，比如 08:30。",
    ("from_time", "taken"): "这个人这几个钟点已经排上了。",
    ("to_time", "no_time"): "请写几点，比如 17:30。",
    ("to_time", "same"): "从几点和到几点一样，请改一下。",
    ("duty_official", "unknown"): "请从列表里选谁值班。",
    ("duty_category", "unknown"): "没有这一类，请从列表里选。",
    ("username", "unknown"): "没有人用这个用户名。",
    ("username", "closed"): "这个帐号已经停用了。",
    ("successor", "unknown"): "没有找到接手的人，请写另一个在用的帐号。",
    ("role", "custodian"): "身份保管人要新开帐号。",
    ("display_name", "bad_length"): "名字 1 到 60 个字。",
    ("alias", "bad_length"): "别名 2 到 60 个字。",
    ("post", "bad_length"): "职务 2 到 60 个字。",
    ("finding", "unknown"): "请选一个结论。",
    ("disposal", "unknown"): "请选怎么办。",
    ("step_kind", "unknown"): "请选做了什么。",
    ("measure", "unknown"): "请选一种处理建议。",
    ("kin_kind", "unknown"): "请选是亲属还是利害关系。",
    ("review_on", "no_date"): "请选以后的一个日子，到时候再看。",
    ("taken_on", "no_date"): "请选哪天做的，不能晚于今天。",
    ("step", "too_short"): "请写一句做了什么。",
    ("step", "too_long"): "最多 5000 字，请短一点。",
    ("body_name", "too_short"): "请写清楚是哪个单位。",
    ("body_name", "too_long"): "单位名称最多 60 个字。",
    ("result", "too_short"): "请写清楚结果，反映人会看到。",
    ("result", "too_long"): "最多 2000 字，请短一点。",
    ("by", "unknown"): "请选怎么告诉的。",
    ("document", "too_short"): "请写依据哪份文件。",
    ("decided_on", "no_date"): "请选决定的日子，不能晚于今天。",
    ("category", "asked"): "已经有人提过了，等另一位来定。",
    ("decision", "own"): "自己提的要由另一位来定。",
    ("decision", "unknown"): "请选同意，或者不同意。",
    ("taken", "unknown"): "请选对方是已作决定，还是决定不办。",
    ("relation", "too_short"): "请写是什么关系。",
    ("relation", "too_long"): "关系最多 20 个字。",
    ("name", "too_short"): "名字至少两个字。",
    ("where", "too_short"): "请写清楚该去哪里办，反映人会看到。",
    ("where", "too_long"): "最多 2000 字，请短一点。",
    ("description", "too_short"): "请写一句这份证据是什么、怎么来的。",
    ("description", "too_long"): "最多 5000 字，请短一点。",
    ("summary", "too_short"): "请写清楚查了什么、查到什么，至少 10 个字。",
    ("summary", "too_long"): "最多 5000 字，请短一点。详细材料可以作为证据传上来。",
    ("why", "too_short"): "请写一句为什么。",
    ("why", "too_long"): "最多 5000 字，请短一点。",
    ("body", "too_short"): "还没写内容。",
    ("body", "too_long"): "最多 5000 字，请短一点。",
    ("reason", "too_short"): "请写一句为什么。",
    ("reason", "too_long"): "理由太长了，请短一点。",
    ("outside_answer", "too_short"): "请写一句对方怎么说。没回音，也写一句。",
    ("outside_answer", "too_long"): "最多 5000 字，请短一点。",
    ("category", "unknown"): "请选一类。",
    ("category", "taken"): "这一类已经标过了。",
    ("via", "unknown"): "请选是来访、电话，还是来信。",
    ("received_on", "no_date"): "请选哪天收到的。",
    ("received_on", "future"): "收到的日子不能晚于今天。",
    ("received_on", "too_long_ago"): "这个日子太早了，请看看年份对不对。",
    ("said_what", "too_short"): "还没写反映的是什么事。",
    ("said_what", "too_long"): "最多 10000 字，其余的当材料传上来。",
    ("said_who", "too_long"): "最多 200 字，长的写到“发生了什么”里。",
    ("said_when", "too_long"): "最多 200 字，长的写到“发生了什么”里。",
    ("said_where", "too_long"): "最多 200 字，长的写到“发生了什么”里。",
    ("said_how_known", "too_long"): "最多 200 字，长的写到“发生了什么”里。",
    ("anonymous", "no_custodian"): "还没有人保管名字，收不了署名。请管理员先设一位身份保管人，或者先按“不留名”录。",
    ("reporter_name", "too_short"): "名字至少两个字。不想留名，就选“不留名”。",
    ("reporter_name", "too_long"): "名字最多 20 个字。",
    ("contact", "empty"): "还没写怎么联系。不想留，就选“不留名”。",
    ("contact", "too_long"): "最多 60 个字。",
    ("contact", "phone_wrong"): "这个号码不对：手机号是 11 位，座机要带区号。请再看一眼。",
    ("file", "too_many"): "一次最多 30 个文件，其余的以后再补。",
    ("receipt", "altered"): "这份收据对不上：被改过，或者没有复制全。请对方把整条再发一次。",
    ("receipt", "unknown_key"): "这份收据不是这里签的。请看看是哪里给的。",
    ("receipt", "no_receipt"): "没有看到收据。收据以 QFR1. 开头，请整条贴进来。",
    ("receipt", "not_here"): "收据是真的，但不是您下级办的件，这里没有可以过问的。请对方找办这件的单位的上一级。",
    ("receipt", "not_late"): "收据是真的。答应反映人的日子还没过，先等一等；过了再来，就能过问。",
    ("answer_above", "empty"): "还没写怎么答复反映人。",
    ("answer_above", "too_long"): "最多 2000 字，请短一点。",
    ("urge", "too_short"): "请写一句要下级做什么。",
    ("urge", "too_long"): "最多 500 字，请短一点。",
    ("take_over", "too_short"): "请写一句为什么收上来。",
    ("take_over", "too_long"): "最多 500 字，请短一点。",
    ("take_over", "ended"): "这件已经办完，或者并到别的件里了，收不上来。",
    ("take_over", "nobody_here"): "这一级没有能办这件的人，先请管理员开通，或者请再上一级收。",
    ("message", "empty"): "还没写要说的话，也没选现成的。",
    ("message", "too_long"): "最多 2000 字，请短一点，或者分两次说。",
    ("reply_kind", "unknown"): "请选这是一般的话，还是答复不同意见。",
    ("reply_kind", "nothing_to_explain"): "反映人没有提不同意见，请当一般的话发。",
    ("canned", "unfit"): "这段现成的话不合现在的情况，请另选一段，或者自己写。",
    ("sub_status", "unknown"): "现在的状态下没有这一步，请从列表里选。",
    ("file", "too_big"): "这个文件超过 20 兆，请压缩或拆开再传。",
    ("file", "empty"): "这个文件是空的，请再选一次。",
    ("name", "empty"): "还没写姓名。",
    ("name", "too_long"): "姓名最多 20 个字。",
    ("name", "taken"): "这个村已经有这个名字的参选人了。",
    ("office", "unknown"): "请选参选什么职务。",
    ("election", "unknown"): "请选一个村。",
    ("clock", "unknown"): "这个期限已经不在走了，请看看最新的。",
    ("clock", "pause_not_allowed"): "这个期限按规定不能停。",
    ("clock", "extension_not_allowed"): "这个期限按规定不能延。",
    ("clock", "not_paused"): "这个期限现在没有停着。",
    ("clock", "own"): "自己办的件，要请别的负责人来批。",
    ("clock", "extended"): "已经延过一次了，不能再延。",
    ("clock", "late"): "已经过期了，不能再延。尽快办，把情况告诉上级。",
    ("from_on", "no_date"): "请选从哪天起停。",
    ("from_on", "past"): "过去的日子不能补停，请选今天或者以后。",
    ("from_on", "after_due"): "那天已经过期了，停不了。",
    ("from_on", "pauses_overlap"): "和已经停的日子重了，请换一天。",
    ("until_on", "no_date"): "请选从哪天起接着算。",
    ("until_on", "before_it_begins"): "接着算的日子要在停的那天以后。",
    ("redaction_of", "unknown"): "请选要遮哪一段。",
    ("redaction_of", "asked"): "这一段已经有人提出要遮，先定了再提。",
    ("redaction_reason", "too_short"): "写一句为什么要遮。",
    ("redaction_reason", "too_long"): "写得长了，留下要紧的，最多200个字。",
    ("phrase", "too_short"): "把要遮的原话抄在这里，至少两个字。",
    ("phrase", "too_long"): "一次最多遮500个字，分几次来。",
    ("phrase", "not_there"): "这一段里没有这句话。请照着原文抄，标点也要一样。",
    ("redaction", "unknown"): "这个已经定过了，或者没有了。",
    ("redaction", "own"): "自己提出的，要请另一位负责人来定。",
    ("purpose", "too_short"): "写一句做什么用。",
    ("purpose", "too_long"): "写得长了，留下要紧的，最多200个字。",
    ("notice_text", "too_short"): "写一句要告诉大家的话，至少4个字。",
    ("notice_text", "too_long"): "写得长了，最多500个字，留下要紧的。",
    ("notice_text", "blank"): "还有花括号没填，请改成真的内容。",
    ("notice_text", "not_yours"): "这条是同事写的，只有写的人能改。想发别的话，请另写一条。",
    ("notice_text", "label"): "里面有还没定论就给人扣的帽子，请换个说法。",
    ("notice_kind", "unknown"): "请选是讲纪律的，还是讲政策和办法的。",
    ("approval", "nobody"): "那里还没有人订提醒，发了也没有人收到。请先请大家在聊天里发“订阅提醒”。",
    ("approval", "own"): "人数多，自己写的要另一位同事来批准。",
    ("cancel", "over"): "都送完了，停不了了。",
    ("until_on", "paused_too_long"): "加起来停得太久了，请少停几天。",
}

#: What a rule of the database refused: one calm sentence for each word behind `qf:`.
RULES: Final[dict[str, str]] = {
    "election_birth": "新的选举从筹备开始，关口过了才能启动。",
    "election_begun": "选举启动了就退不回筹备，也不能换到别的村。",
    "gates_open": "还有关口没过，不能启动。",
    "committee_clash": "选举委员会里还有要退出的人，不能启动。",
    "candidate_name": "参选人的名字登记了就不能改。",
    "gate_birth": "没有这一关，或者关口的规矩还没公布。",
    "gate_state": "这一关不能这样变：要有材料，要第二个人审过。",
    "gate_kind": "这一关不收这种材料。",
    "gate_evidence": "现在不能交：这一关过了，或者不归您的村。",
    "gate_review": "现在不能审：刚有新的材料，或者您的岗位不能审。",
    "gate_second_person": "交的人不能审自己交的；审过的人不能自己回头看。",
    "gate_incomplete": "必须有的材料还没交齐，不能通过。",
    "committee_member": "退出了的不能改回来；递补的要是同一个选举委员会在任的人。",
    "committee_relative": "申报的近亲属只能去掉，不能改。",
    "committee_match": "这一处不能这样认：申报过的近亲属和参选人同名，就要退出。",
    "responsibility_fixed": "谁负责过不能改，只能换人。",
    "absence_deputy": "代班的人那几天也不在，或者这几天已经登记过。",
    "absence_fixed": "请假只能提前结束，不能改。",
    "plan_unknown": "选举的种类、方式或者算日子的办法写错了。",
    "move_unrecorded": "选举日要先写明为什么改，才能改。",
    "move_fixed": "改选举日的记录不能改、不能删。",
    "task_done": "办完的事日子不再动。",
    "proof_missing": "这件事要写明凭据才算办完。",
    "happening_fixed": "记下来的事不能改、不能删。",
    "share_unfit": "这个人不能保管这个名字的份。",
    "share_kept": "名字的份还要用，不能删。",
    "release_unfit": "不能申请看这个名字：要回避，或者岗位不合。",
    "release_decided": "这件申请已经有结果了，不能再改。",
    "release_votes": "同意的人还不够。",
    "release_too_long": "最多放开72小时。",
    "release_vote": "不能这样答复：是自己的申请，要回避，或者没有份。",
    "append_only": "记下来的内容只能补充，不能改、不能删。",
    "redaction": "遮盖要由没回避的两个人来定：一个提出，另一位负责人同意；定了就不再改。",
    "export": "只有能看这件的人才能导出卷宗。",
    "event_seal": "这笔记录没有盖上封印，没有记。请再试一次；还不行就告诉管系统的人。",
    "log_head": "存证只能接在上一次后面，记到最新的一笔。",
    "case_birth": "新的件只能从“已收到”开始。",
    "case_merge": "合并要两件归同一个单位、都没出结论，必查的标记和回避的人都要带过去。",
    "case_merged": "这件并到别的件里了，到那一件上办。",
    "handler_unfit": "这个人现在不能办这件：岗位不合，或者要回避。",
    "unit_change": "换单位要对方接收，或者往上一级走。",
    "disposal_missing": "还没写处置意见。",
    "disposal_undecided": "处置意见还没有第二个人定下来。",
    "disposal_birth": "现在还不能写处置意见。",
    "disposal_approval": "处置意见要由没回避的负责人来定；必查的件不能直接了结。",
    "investigation_missing": "还没有开始调查。",
    "result_not_told": "还没写处理建议，或者还没告诉反映人。",
    "measure_birth": "结论定了以后才能提处理建议。",
    "name_unsettled": "反映人的名字还没核实，也没记满联系不上。",
    "name_check": "名字要靠打电话或见面来核实；联系不上要两个人记满三次。",
    "transfer_birth": "现在不能转这件。",
    "transfer_acceptance": "接收的人要在接收单位，而且不用回避。",
    "handover_first": "这个人手上还有没办完的，先交接。",
    "clock_fixed": "期限的起止不能改。",
    "clock_extension": "延长期限要由不办这件、没回避的负责人批，只能延一次。",
    "clock_pause": "这个期限现在停不了：不能停、停得太久，或者和已经停的日子重了。",
    "case_delete": "件不能删除。",
    "case_fixed": "件的编号、地点、内容和收到时间不能改。",
    "consent_missing": "在聊天里留了名的反映，要先有本人的同意，名字才能存。",
    "consent_fixed": "本人同意的记录不能改，也不能删。",
    "case_round": "重新办理时，轮次只能加一。",
    "no_such_transition": "不能从现在的状态直接到那一步。",
    "must_investigate": "这件属于必查，查完并由第二人审核后才能办结。",
    "finding_incomplete": "结论和证据还不全，不能交审核。",
    "flag_removal": "必查的标记，要上级两个人都同意才能取消；本级的人和要回避的人不算。",
    "place_fixed": "地方的归属不能改。",
    "stale_snapshot": "刚才有别的改动，请看过再办。",
    "reopen_first": "这件已经办结，要先重新办理才能标必查。",
    "investigation_birth": "现在不能由您开始调查：可能是件还没受理，或者您已经回避。",
    "investigation_fixed": "审核过的调查不能再改。",
    "investigation_approval": "这次审核不算数：要有结论、有证据，由没参加调查、没有回避的负责人来审。",
    "event_chain": "办理记录没有接上，这一步没有办。",
    "unknown_text": "承诺书的内容不是公布的那一份。",
    "candidate_birth": "新的参选人只能从“还没打开邀请”开始。",
    "unsigned_commitments": "承诺书没签全，还不能参选。",
    "pack_fixed": "已经有人签了，这次选举的承诺书不能再换。",
    "token_used": "这个链接已经用过了。",
    "reply_fixed": "问过的话和回过的话不能再改。",
    "escalation_fixed": "问上级的记录不能再改。",
    "note_or_message": "内部记录和给反映人的话分开存，不能互相搬。",
    "entry_version": "刚刚有同事也写了一版，请看过再写。",
    "entry_reviewed": "这一版已经有人审过了。",
    "entry_reviewer": "自己写的要请别人审，审的人要有写问答的岗位。",
    "entry_not_reviewed": "没有第二个人审过，不能发布。",
    "entry_publication": "这一步和刚才别人办的碰上了，请看看现在用的是哪一版。",
    "entry_publisher": "您的岗位不能发布问答。",
    "session_birth": "这个帐号还没设好，或者已经停用，进不来。",
    "session_fixed": "登录的记录不能改。",
    "seat_link_birth": "链接最多一天有效，只给在用的帐号。",
    "passkey_birth": "通行密钥只能由本人登录后自己添加。",
    "passkey_fixed": "通行密钥不能改，只能改名称或者去掉。",
    "reminder_once": "提醒只发一次，发过的不能改。",
    "broadcast_birth": "群发先要写成草稿，由这个地方能写的人来写。",
    "broadcast_fixed": "批准以后，群发的内容和范围不能再改，只能停掉。",
    "broadcast_approval": "人数多的群发，要另一位同事批准；写的人自己批不算。",
    "broadcast_recipient": "收的人在批准那一刻定下来，一人一份，不能再加、再改。",
    "law_import_complete": "这份法律条文已经收齐，不能再加。",
}

#: What was just done, shown once on the next page.
FLASHES: Final[dict[str, str]] = {
    "gate_handed_in": "交上去了，等第二个人来审。",
    "gate_approved": "这一关过了。",
    "gate_returned": "已退回，交的人会看到您写的话。",
    "gate_reopened": "已重新打开，要重新交、重新审。",
    "election_started": "启动了。日程、参选人都按这次选举走。",
    "committee_changed": "记下了。",
    "committee_left": "退出记下了。",
    "committee_judged": "认好了，记下了。",
    "responsibility_assigned": "定好了。以前的人留在经过里。",
    "difficulty_judged": "难度定好了。",
    "village_plan_written": "存好了，以前的版本也都留着。",
    "accountability_recorded": "记下了，以后不能改。",
    "absence_entered": "登记好了，到时候提醒会发给代班的人。",
    "absence_ended": "记下了，从明天起提醒还发给本人。",
    "broadcast-written": "写好了，还没有发。请看一遍，批准了才发。",
    "broadcast-changed": "改好了，还没有发。",
    "broadcast-approved": "批准了，开始发。晚上8点到早上8点不发。",
    "broadcast-cancelled": "停掉了，没送到的不再送。",
    "release-asked": "申请好了，等保管人答复。",
    "release-granted": "您同意了，记下了。",
    "release-refused": "答复了，记下了。",
    "shares-contributed": "您的份交过去了。请他到“钥匙”里分。",
    "names-split": "能分的都分好了。",
    "key-recovered": "好了，您的钥匙归现在的密码管了，名字一个没丢。",
    "register": "已登记。",
    "accept": "已受理。反映人会收到通知。",
    "refer": "已记下转给了谁。这件还归我们盯着，等回音。",
    "take-back": "接着办。",
    "take-up": "重新办起来了。",
    "disposal": "处置意见已交，等一位负责人来定。",
    "approve-disposal": "意见已定。",
    "return-disposal": "意见已退回。",
    "step": "已记下。",
    "measure": "处理建议已记下。",
    "measure-decision": "决定已记下。",
    "tell-result": "结果已经告诉反映人。",
    "message": "已发给反映人。",
    "answer-above": "已答复反映人。下级看不到。",
    "by-receipt": "收据是真的，已记成反映人问上来的。请答复反映人，要紧的催一催下级。",
    "urge": "已催。单位负责人会收到提醒。",
    "take-over": "已收上来，请定一位经办人。",
    "sub-status": "已标好，只有同事看得到。",
    "lower-flag": "已提出，等另一位上级来定。",
    "decide-lowering": "已定。",
    "name-attempt": "已记下。",
    "link": "已连在一起。",
    "unlink": "已分开。",
    "merge": "已并过去。以后在这件上一起办。",
    "unmerge": "已分开，回到原来的状态。现在还没有人经办，请先转给一位同事。",
    "redact": "已提出，等另一位负责人来定。",
    "decide-redaction": "已定。",
    "declare": "已声明，可以看了。",
    "kin_declared": "已记下。",
    "kin_confirmed": "已确认，一年内有效。",
    "kin_taken_back": "已去掉。因为它回避过的件，还是回避。",
    "assign": "已转给同事办理。",
    "guide-elsewhere": "已告知反映人该去哪里办。",
    "evidence": "证据已存好。",
    "finding": "结论已交。等一位没参加调查的负责人审核。",
    "return": "已退回给调查人补充。",
    "approve": "审核通过。接下来提处理建议，把结果告诉反映人。",
    "close": "已办结。",
    "reopen": "已重新办理。反映人会收到通知。",
    "note": "已记下。",
    "pause": "停下了，到期往后推。",
    "resume": "从今天接着算。",
    "extend": "已批准延长。",
    "offer-transfer": "已提出移交，等对方答复。对方接下以前，还归我们。",
    "withdraw-transfer": "已收回，还归我们办。",
    "assign-down": "已交办，归下级办，三个月内办结。",
    "hand-investigation": "已换人调查。写过的都留着。",
    "transfer_accepted": "接下了，归您单位办。先定下谁来办。",
    "transfer_declined": "已退回，对方会看到您写的话。",
    "files_released": "材料已经给对方。",
    "handed_over": "交接好了，下面是清单。",
    "duty_added": "排上了。",
    "duty_removed": "去掉了。",
    "flag": "已标为必查。",
    "stand-back": "您已回避。以后这里不会再出现这件。",
    "candidate_created": "已登记。下一步：把邀请链接发给本人。",
    "replied": "已回复。提问的人会在聊天里看到。",
    "escalated": "已经请上级来答。提问的人也知道了。",
    "entry_written": "写好了，等另一位同事来审。",
    "entry_approved": "审过了。现在可以发布。",
    "entry_returned": "已退回。写的人会看到您的话。",
    "entry_published": "发布了，机器人现在就这么答。",
    "entry_withdrawn": "撤下了，机器人不再说这一条。",
    "task_finished": "已记下办完。",
    "election_day_moved": "选举日改好了，没办的事都排了新日子。",
    "happening_recorded": "记下了，该办的事和日子已经排进日程。",
    "signed_out": "已退出。",
    "enrolled": "设好了。以后用这个密码和手机验证码登录。",
    "enrolled_without_key": "设好了。您的钥匙还锁在旧密码下，请到“钥匙”里用打印的救急码取回，再核名字。",
    "password_changed": "密码换好了。别的地方都已退出。",
    "password_changed_without_key": "密码换好了。您的钥匙还锁在更早的密码下，请到“钥匙”里用打印的救急码取回。",
    "code_changed": "换好了，以后看新手机上的验证码。别的地方都已退出。",
    "confirmed": "确认过了，请再点一次。",
    "passkey_added": "通行密钥加好了，下次可以用它登录。",
    "passkey_renamed": "名称改好了。",
    "passkey_removed": "已去掉，它不能再登录了。",
    "session_ended": "那边已退出。",
    "sessions_ended": "别的地方都已退出。",
    "device_forgotten": "已不再记得那个浏览器。",
    "official_changed": "改好了。换了岗位或地方的，要重新登录。",
    "official_closed": "已停用。手上没办完的交出去了，写过的都留着。",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """An error in words: a title, what happened, what the person can do."""

    title: str
    happened: str
    to_do: tuple[str, ...]


_LATER: Final = ("过几分钟再试一次。", "还不行，就把下面的编号告诉系统管理员。")
_OURS: Final = Explanation("这边出了点问题", "是系统的问题，不是您操作错了。刚才这一步没有办成。", _LATER)

#: The codes of every error the lower layers raise on purpose, and the desk's own.
ERRORS: Final[dict[str, Explanation]] = {
    "qingfeng_error": _OURS,
    "content_error": _OURS,
    "rules_changed": _OURS,
    "unsafe_database": _OURS,
    "database_unavailable": Explanation("暂时连不上数据", "系统现在读不到数据。刚才这一步没有办成。", _LATER),
    "key_file_problem": _OURS,
    "not_empty": _OURS,
    "shares_do_not_fit": _OURS,
    "name_not_kept": Explanation(
        "名字没有存", "保管的人变了，这个名字打不开。", ("请反映人再写一遍名字。", "或者先不留名。")
    ),
    "wrong_password": Explanation("密码不对", "这个密码打不开保管的钥匙。", ("请再输一次。",)),
    "no_custodian": Explanation(
        "还没有保管人", "没有人保管名字，所以现在不能收署名的反映。", ("请管理员先设一位身份保管人。",)
    ),
    "impossible_day": Explanation(
        "这一天不能作选举日", "有法律规定的事来不及办，或者超过了上级允许的最后一天。", ("换一天再算。",)
    ),
    "nothing_in_force": Explanation(
        "这一天没有管用的规定", "排日程要用的法律条文在这一天还没有生效，或者已经失效。", ("看看日期有没有写错。",)
    ),
    "not_allowed": Explanation(
        "这一页不归您的岗位",
        "您的岗位没有这一项，所以打不开。",
        ("回工作台看您要办的事。", "觉得不对，请找本单位的系统管理员。"),
    ),
    "not_found": Explanation(
        "没有找到这一页", "地址可能不完整，或者这里没有您要看的内容。", ("看看编号有没有抄错。", "从列表里再点一次。")
    ),
    "declaration_needed": Explanation(
        "先说一声有没有关系", "看这件之前，要先说您和它有没有关系。", ("回到列表，再点一次这件。",)
    ),
    "pause_not_allowed": Explanation("这个期限不能停", "这个期限按规定不能暂停。", ("回上一页看看别的办法。",)),
    "pauses_overlap": Explanation("这几天停过了", "选的日子和已经停的重了。", ("换个日子再试。",)),
    "paused_too_long": Explanation("停得太久了", "一个期限加起来最多停60天。", ("少停几天。",)),
    "extension_not_allowed": Explanation("这个期限不能延", "这个期限按规定不能延长。", ("回上一页看看别的办法。",)),
    "cannot_move": Explanation("现在还不能办这一步", "前面的步骤还没走完。", ("回到这件，看看还差什么。",)),
    "rule_refused": Explanation("这一步没有办成", "系统的规矩不让这样办。", ("回上一页看看还差什么。",)),
    "stale_version": Explanation(
        "刚刚有人改过", "您打开以后，有同事办过这件。您这一步还没有办。", ("先看看最新情况，再决定要不要办。",)
    ),
    "bad_fields": Explanation("有几处要再看一眼", "填的内容有几处不对。", ("回上一页改好再交。",)),
    "words_in_doubt": Explanation(
        "发出前再看一眼", "给反映人的话里有几处要再看看，还没有发。", ("回上一页改好再发。",)
    ),
    "bad_input": Explanation("有一处要再看一眼", "填的内容有一处不对。", ("回上一页改好再交。",)),
    "wrong_evidence": Explanation("这种材料不算", "这一关不收这种材料。", ("回上一页，看看哪些算、哪些不算。",)),
    "cannot_start": Explanation(
        "还不能启动", "还有关口没过，或者选举委员会里有人要退出。", ("回到关口，看看还差什么。",)
    ),
    "sign_in_refused": Explanation(
        "没有登录成功", "用户名、密码或验证码有一个不对。", ("再试一次，注意验证码 30 秒换一次。",)
    ),
    "link_spent": Explanation(
        "这个链接不能用了", "链接只能用一次，24 小时内有效。", ("用密码和验证码登录。", "或者请管理员再发一个。")
    ),
    "passkey_refused": Explanation(
        "通行密钥没有认出来", "可能放得太久，或者不是在这里加的。", ("再试一次。", "还不行，就用密码和验证码。")
    ),
    "step_up_needed": Explanation("请再输一次密码", "这一步要紧，再确认一次是您本人。", ("输入密码再办。",)),
    "csrf_missing": Explanation(
        "这一步没有办", "页面放得太久，或者不是从工作台点过来的。为了安全没有办。", ("回到那一页刷新，再办一次。",)
    ),
    "body_too_large": Explanation(
        "内容太大了", "一次最多传 20 兆。刚才这一步没有办成。", ("回上一页，换小一点的文件。",)
    ),
    "unreadable_form": Explanation(
        "没收完整", "传到一半断了，或者格式不对。刚才这一步没有办成。", ("回上一页再交一次。",)
    ),
    "unexpected": _OURS,
}

SIGN_IN_WRONG: Final = "用户名、密码或验证码有一个不对，请再试一次。"
SIGN_IN_WAIT: Final = "试的次数多了，请等 {minutes} 分钟再试。密码没有被锁。"
SIGN_IN_REPEATED: Final = "页面放得太久了，请再填一次。"
STEP_UP_WRONG: Final = "密码不对，请再输一次。"
STEP_UP_WAIT: Final = "试的次数多了，请等 {minutes} 分钟再试。密码没有被锁。"
PASSKEY_NOT_TAKEN: Final = "通行密钥没有认出来。再试一次，或者用密码和验证码。"
PASSKEY_NOT_KEPT: Final = "没有加成。可能放得太久，或者这个密钥加过了，请再试一次。"
NOT_PROVEN: Final = "旧密码或者旧手机的验证码不对，请再看一眼。"
NOT_YOURS: Final = "这一步不归您办。"
NOT_YOURS_WHY: Final = "可能要由调查的人来办，或者要别的岗位。您写的还在下面。"
STALE: Final = "刚刚有人改过这件，您这一步还没有办。"
STALE_WHY: Final = "下面已经是最新的。您写的还在，看过以后可以再交一次。"
FILE_AGAIN: Final = "刚才选的文件要再选一次。"
LOOK_AGAIN: Final = "看过没有问题，就打上勾再发。"


#: How somebody came in, and what they use, as rough as it is kept.
SIGN_IN_WAYS: Final[dict[str, str]] = {
    "password": "密码和验证码",
    "passkey": "通行密钥",
    "link": "演示链接",
    "invitation": "邀请链接",
}
DEVICES: Final[dict[str, str]] = {
    "unknown": "认不出的设备",
    "harmony": "鸿蒙手机",
    "iphone": "苹果手机",
    "ipad": "苹果平板",
    "android": "安卓手机",
    "windows": "Windows 电脑",
    "mac": "苹果电脑",
    "linux": "Linux 电脑",
    "wechat": "微信",
    "edge": "Edge",
    "huawei": "华为浏览器",
    "qq": "QQ 浏览器",
    "uc": "UC 浏览器",
    "firefox": "火狐",
    "chrome": "Chrome",
    "safari": "Safari",
}


def device(code: str) -> str:
    """What a browser is called: `android chrome` as people say it."""
    return "，".join(DEVICES.get(part, part) for part in code.split())


def category(category_id: str) -> str:
    """What officials read for a category: ours, or one a county has added to its own set."""
    own = {rule.id: rule.name for rule in load_categories().categories}
    return CATEGORIES.get(category_id) or own.get(category_id, category_id)


def state(case_state: CaseState, sub_status: str | None = None) -> str:
    """What officials read for where a case stands: the county's own word if it has one, and the local step."""
    labels = load_labels()
    step = labels.step(case_state, sub_status)
    name = labels.name(case_state, STATES[case_state])
    return f"{name}（{step}）" if step else name


def doubt(one: Doubt) -> str:
    """What is to be looked at again in a text for a reporter."""
    found = BLANKS.get(one.found.strip("{}"), one.found) if one.kind is DoubtKind.BLANK else one.found
    return DOUBTS[one.kind].format(found=found, why=one.why, instead=one.instead)


def counted(count: int) -> str:
    """A count as a page says it: exact up to where counting stops."""
    return f"{COUNTED_UP_TO}+" if count > COUNTED_UP_TO else str(count)


def fault(field: str, name: str) -> str:
    """What to tell somebody about a wrong field."""
    return FAULTS.get((field, name), "这一项要再看一眼。")


def refused(error: QingfengError) -> str:
    """What to tell somebody whose step the database did not take."""
    return RULES.get(error.rule, GATE_STALE) if isinstance(error, RuleRefused) else GATE_STALE


#: Fields with words of the official's own, given back when the session ended before they arrived.
TYPED: Final = frozenset(
    {
        "where",
        "look_back_reason",
        "account_what",
        "description",
        "summary",
        "why",
        "body",
        "reason",
        "reply",
        "name",
        "note",
        "label",
        "questions",
        "answer",
        "outside_answer",
        "more",
        "document",
        "result",
        "message",
        "answer_above",
        "receipt",
        "notice_text",
        "proof",
        "happening_note",
        "difficulty_note",
        "match_reason",
        "urge",
        "take_over",
        "said_what",
        "said_who",
        "said_when",
        "said_where",
        "said_how_known",
        "step",
        "body_name",
        "words",
        "asked_why",
    }
)
