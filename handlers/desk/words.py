"""Every Chinese word the desk puts on a code: states, findings, roles, refusals, errors. One mapping each.

The voice: answer first, then why, then what to do next; nobody is blamed. `tests/integration/test_desk_words.py`
walks the codes of the lower layers and fails on one that has no words here.
"""

from dataclasses import dataclass
from typing import Final

from knowledge.casework.access import Role
from knowledge.casework.categories import Category
from knowledge.casework.lifecycle import CaseAct, CaseState, Finding, Missing
from knowledge.model import Kind

STATES: Final[dict[CaseState, str]] = {
    CaseState.RECEIVED: "已收到，待受理",
    CaseState.ACCEPTED: "已受理",
    CaseState.INVESTIGATING: "调查中",
    CaseState.AWAITING_APPROVAL: "等人审核",
    CaseState.APPROVED: "审核通过，待办结",
    CaseState.CLOSED: "已办结",
    CaseState.GUIDED_ELSEWHERE: "已告知去哪里办",
}

FINDINGS: Final[dict[Finding, tuple[str, str]]] = {
    Finding.SUBSTANTIATED: ("属实", "反映的主要事情都查到了"),
    Finding.PARTLY_SUBSTANTIATED: ("部分属实", "有的查到了，有的没有"),
    Finding.UNFOUNDED: ("不属实", "查清楚了，没有这回事"),
    Finding.CANNOT_BE_VERIFIED: ("没法查实", "能查的都查了，证据不够下结论"),
}

CATEGORIES: Final[dict[Category, str]] = {
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
    Role.CUSTODIAN: "您保管反映人的名字。有人申请看名字时，会请您来批。平时这里没有要您办的事。",
    Role.AUDITOR: "您负责核对办理记录有没有被改过。请在服务器上用“qingfeng audit verify”核对。",
    Role.ADMINISTRATOR: "您负责开通和停用帐号，看不到反映的内容。请在服务器上用“qingfeng create-official”开通。",
}

ACTS: Final[dict[CaseAct, str]] = {
    CaseAct.ACCEPT: "受理",
    CaseAct.GUIDE_ELSEWHERE: "告知去哪里办",
    CaseAct.START_INVESTIGATION: "开始调查",
    CaseAct.SUBMIT_FINDING: "交结论",
    CaseAct.RETURN_FINDING: "退回补充",
    CaseAct.APPROVE_FINDING: "审核通过",
    CaseAct.CLOSE: "办结",
    CaseAct.REOPEN: "重新办理",
}

#: What is missing, and where on the case's page it is done.
MISSING: Final[dict[Missing, tuple[str, str]]] = {
    Missing.INVESTIGATION: ("开始调查", "#next"),
    Missing.FINDING: ("调查结论", "#next"),
    Missing.EVIDENCE: ("至少一份证据", "#next"),
    Missing.APPROVAL: ("第二人审核", "#next"),
    Missing.SECOND_PERSON: ("换一个人来审：调查的人不能审自己的结论", ""),
    Missing.NOT_FROM_HERE: ("前面的步骤还没走完，或者这一步已经办过了", "#steps"),
}

OFFICES: Final[dict[str, str]] = {"chair": "主任", "vice_chair": "副主任", "member": "委员"}

CANDIDATE_STATES: Final[dict[str, tuple[str, str]]] = {
    "invited": ("neutral", "还没打开邀请"),
    "signing": ("warn", "正在签"),
    "may_stand": ("ok", "可以参选"),
    "withdrawn": ("neutral", "已退出"),
}

ELECTION_STATES: Final[dict[str, str]] = {"preparing": "筹备中", "running": "进行中", "finished": "已结束"}

#: Where the day of a timetable line comes from; `tests` holds the statute's name against the plan's own source.
TASK_SOURCES: Final[dict[str, str]] = {
    "hard": "村民委员会组织法（2025年修正）",
    "province": "各省规定，以本省为准",
    "policy": "工作安排",
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

#: What is wrong with a field of a form: (field, fault) -> what to do about it.
FAULTS: Final[dict[tuple[str, str], str]] = {
    ("username", "bad_form"): "用户名用小写字母开头，2 到 59 个字母、数字、点、横线。",
    ("username", "taken"): "这个用户名有人用了，请换一个。",
    ("role", "unknown"): "没有这个岗位，请从列表里选。",
    ("password", "too_short"): "密码至少 12 个字符。",
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
    ("finding", "unknown"): "请选一个结论。",
    ("where", "too_short"): "请写清楚该去哪里办，反映人会看到。",
    ("where", "too_long"): "最多 5000 字，请短一点。",
    ("description", "too_short"): "请写一句这份证据是什么、怎么来的。",
    ("description", "too_long"): "最多 5000 字，请短一点。",
    ("summary", "too_short"): "请写清楚查了什么、查到什么，至少 10 个字。",
    ("summary", "too_long"): "最多 5000 字，请短一点。详细材料可以作为证据传上来。",
    ("why", "too_short"): "请写一句为什么。",
    ("why", "too_long"): "最多 5000 字，请短一点。",
    ("body", "too_short"): "还没写内容。",
    ("body", "too_long"): "最多 5000 字，请短一点。",
    ("reason", "too_short"): "请写一句为什么。",
    ("reason", "too_long"): "理由最多 200 字。",
    ("category", "unknown"): "请选一类。",
    ("category", "taken"): "这一类已经标过了。",
    ("file", "too_big"): "这个文件超过 20 兆，请压缩或拆开再传。",
    ("file", "empty"): "这个文件是空的，请再选一次。",
    ("name", "empty"): "还没写姓名。",
    ("name", "too_long"): "姓名最多 20 个字。",
    ("name", "taken"): "这个村已经有这个名字的参选人了。",
    ("office", "unknown"): "请选参选什么职务。",
    ("election", "unknown"): "请选一个村。",
}

#: What a rule of the database refused: one calm sentence for each word behind `qf:`.
RULES: Final[dict[str, str]] = {
    "append_only": "记下来的内容只能补充，不能改、不能删。",
    "case_birth": "新的件只能从“已收到”开始。",
    "case_delete": "件不能删除。",
    "case_fixed": "件的编号、地点、内容和收到时间不能改。",
    "case_round": "重新办理时，轮次只能加一。",
    "no_such_transition": "不能从现在的状态直接到那一步。",
    "must_investigate": "这件属于必查，查完并由第二人审核后才能办结。",
    "finding_incomplete": "结论和证据还不全，不能交审核。",
    "flag_removal": "必查的标记不能取消。",
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
    "entry_version": "刚刚有同事也写了一版，请看过再写。",
    "entry_reviewed": "这一版已经有人审过了。",
    "entry_reviewer": "自己写的要请别人审，审的人要有写问答的岗位。",
    "entry_not_reviewed": "没有第二个人审过，不能发布。",
    "entry_publication": "这一步和刚才别人办的碰上了，请看看现在用的是哪一版。",
    "entry_publisher": "您的岗位不能发布问答。",
    "law_import_complete": "这份法律条文已经收齐，不能再加。",
}

#: What was just done, shown once on the next page.
FLASHES: Final[dict[str, str]] = {
    "accept": "已受理。反映人会收到通知。",
    "assign": "已转给同事办理。",
    "guide-elsewhere": "已告知反映人该去哪里办。",
    "start-investigation": "调查开始，您是调查人。反映人会收到通知。",
    "evidence": "证据已存好。",
    "finding": "结论已交。等一位没参加调查的负责人审核。",
    "return": "已退回给调查人补充。",
    "approve": "审核通过，件已办结。反映人会收到结果。",
    "close": "已办结。反映人会收到通知。",
    "reopen": "已重新办理。反映人会收到通知。",
    "note": "已记下。",
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
    "signed_out": "已退出。",
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
    "unsafe_database": _OURS,
    "database_unavailable": Explanation("暂时连不上数据", "系统现在读不到数据。刚才这一步没有办成。", _LATER),
    "key_file_problem": _OURS,
    "not_empty": _OURS,
    "wrong_password": Explanation("密码不对", "这个密码打不开保管的钥匙。", ("请再输一次。",)),
    "no_custodian": Explanation(
        "还没有保管人", "没有人保管名字，所以现在不能收署名的反映。", ("请管理员先设一位身份保管人。",)
    ),
    "not_allowed": Explanation(
        "这一页不归您的岗位",
        "您的岗位没有这一项，所以打不开。",
        ("回工作台看您要办的事。", "觉得不对，请找本单位的系统管理员。"),
    ),
    "not_found": Explanation(
        "没有找到这一页", "地址可能不完整，或者这里没有您要看的内容。", ("看看编号有没有抄错。", "从列表里再点一次。")
    ),
    "cannot_move": Explanation("现在还不能办这一步", "前面的步骤还没走完。", ("回到这件，看看还差什么。",)),
    "rule_refused": Explanation("这一步没有办成", "系统的规矩不让这样办。", ("回上一页看看还差什么。",)),
    "stale_version": Explanation(
        "刚刚有人改过", "您打开以后，有同事办过这件。您这一步还没有办。", ("先看看最新情况，再决定要不要办。",)
    ),
    "bad_fields": Explanation("有几处要再看一眼", "填的内容有几处不对。", ("回上一页改好再交。",)),
    "bad_input": Explanation("有一处要再看一眼", "填的内容有一处不对。", ("回上一页改好再交。",)),
    "sign_in_refused": Explanation(
        "没有登录成功", "用户名、密码或验证码有一个不对。", ("再试一次，注意验证码 30 秒换一次。",)
    ),
    "link_spent": Explanation(
        "这个链接不能用了", "登录链接只能用一次，24 小时内有效。", ("用密码和验证码登录。", "或者请管理员再发一个。")
    ),
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
NOT_YOURS: Final = "这一步不归您办。"
NOT_YOURS_WHY: Final = "可能要由调查的人来办，或者要别的岗位。您写的还在下面。"
STALE: Final = "刚刚有人改过这件，您这一步还没有办。"
STALE_WHY: Final = "下面已经是最新的。您写的还在，看过以后可以再交一次。"
FILE_AGAIN: Final = "刚才选的文件要再选一次。"


def fault(field: str, name: str) -> str:
    """What to tell somebody about a wrong field."""
    return FAULTS.get((field, name), "这一项要再看一眼。")


#: Fields with words of the official's own, given back when the session ended before they arrived.
TYPED: Final = frozenset(
    {
        "where",
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
        "more",
        "document",
    }
)
