"""A case as a Word document and a page of explanations: what a dossier holds beside the files themselves.

Pure: no database, no request. Who took it out, when and why stands at the head and the foot of every page.
"""

import io
from collections.abc import Iterable, Sequence
from typing import Final

from docx import Document
from docx.document import Document as Word
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor

from handlers.desk import dates, words
from handlers.desk.log import described
from handlers.services.exports import Taken
from knowledge.casework.clocks import ClockKind, load_clocks
from knowledge.clock import local_date
from storage.repositories.investigations import Investigation

FONT: Final = "宋体"
GREY: Final = RGBColor(0x80, 0x80, 0x80)
DOCUMENT, README = "dossier.docx", "README.txt"
Rows = Iterable[Sequence[str]]


def compose(taken: Taken, public_key: str) -> list[tuple[str, bytes]]:
    """The document and the explanations."""
    return [(DOCUMENT, _document(taken)), (README, _readme(taken, public_key).encode())]


def watermark(taken: Taken) -> str:
    """Who, when and why."""
    return f"{taken.file.case.number}　{taken.official.display_name}于{_moment(taken)}导出，用途：{taken.purpose}"


def _moment(taken: Taken) -> str:
    return f"{local_date(taken.at).isoformat()} {dates.moment(taken.at).partition(' ')[2]}"


def _document(taken: Taken) -> bytes:
    made: Word = Document()
    normal = made.styles["Normal"]
    normal.font.name, normal.font.size = FONT, Pt(11)
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), FONT)
    made.core_properties.author, made.core_properties.title = "清风", taken.file.case.number
    made.core_properties.created = made.core_properties.modified = taken.at.replace(tzinfo=None)
    for part in (made.sections[0].header, made.sections[0].footer):
        line = part.paragraphs[0].add_run(watermark(taken))
        line.font.size, line.font.color.rgb = Pt(9), GREY
    made.add_heading(f"卷宗 {taken.file.case.number}", 0)
    made.add_paragraph("卷宗里没有反映人的名字和联系方式。写着“【已遮盖】”的地方，由两个人同意遮住。")
    _facts(made, taken)
    _told(made, taken)
    _work(made, taken)
    _said(made, taken)
    _proof(made, taken)
    written = io.BytesIO()
    made.save(written)
    return written.getvalue()


def _facts(made: Word, taken: Taken) -> None:
    case = taken.file.case
    made.add_heading("基本情况", 1)
    _table(
        made,
        ("", ""),
        [
            ("反映的地方", case.place_name),
            ("承办单位", case.unit_name),
            ("经办人", case.handler_name or "还没有"),
            ("现在的状态", words.STATES[case.state]),
            ("收到", f"{local_date(case.received_at)}"),
            ("答应答复的日子", f"{case.answer_due_on}"),
            ("第几轮", f"{case.round}"),
        ],
    )
    if case.flags:
        made.add_heading("为什么必查", 1)
        for flag in case.flags:
            made.add_paragraph(f"{words.category(flag.category)}（规则 {flag.rule_version}）", style="List Bullet")
            for reason in flag.reasons:
                made.add_paragraph(reason, style="List Bullet 2")
    made.add_heading("期限", 1)
    rows = [
        (
            load_clocks().rules[ClockKind(one.clock.kind)].name,
            f"{one.clock.started_on}",
            f"{one.deadline.due_on}",
            f"{one.clock.stopped_on or '在走'}",
        )
        for one in taken.file.clocks
    ]
    _table(made, ("期限", "从哪天算", "到哪天", "停在哪天"), rows)


def _told(made: Word, taken: Taken) -> None:
    made.add_heading("反映的内容", 1)
    for name, label in words.NARRATIVE.items():
        made.add_paragraph(label, style="Heading 3")
        made.add_paragraph(str(taken.file.narrative.get(name) or "没有写"))
    made.add_heading("材料", 1)
    rows = [(taken.names[one.id], dates.size(one.size), one.sha256) for one in taken.file.files]
    _table(made, ("文件", "大小", "收到时的指纹（SHA-256）"), rows)


def _work(made: Word, taken: Taken) -> None:
    file = taken.file
    made.add_heading("处置意见", 1)
    _table(
        made,
        ("轮次", "意见", "理由", "提出", "审定"),
        [
            (
                f"{one.round}",
                words.DISPOSALS[one.kind][0],
                one.reason,
                one.proposer_name,
                f"{words.DECIDED[one.decision]}（{one.decider_name}）" if one.decision else "还没定",
            )
            for one in file.opinions
        ],
    )
    made.add_heading("调查", 1)
    for found in (*file.earlier, *((file.investigation,) if file.investigation else ())):
        _investigation(made, found)
    if not file.earlier and file.investigation is None:
        made.add_paragraph("没有调查过。")
    made.add_heading("处理建议和结果", 1)
    _table(
        made,
        ("轮次", "建议", "内容", "理由", "提出", "结果"),
        [
            (
                f"{one.round}",
                words.MEASURES[one.kind][0],
                one.body,
                one.reason,
                one.recommended_by,
                words.DECIDED.get(one.decision or "", "还没有"),
            )
            for one in file.measures
        ],
    )


def _investigation(made: Word, found: Investigation) -> None:
    made.add_heading(f"第 {found.round} 轮，{found.investigator_name}", 2)
    for step in found.steps:
        made.add_paragraph(f"{step.taken_on} {words.STEP_KINDS[step.kind]}：{step.body}（{step.recorded_by}）")
    for one in found.evidence:
        made.add_paragraph(f"证据：{one.description}（{one.added_by}）", style="List Bullet")
    if found.finding:
        made.add_paragraph(f"结论：{words.FINDINGS[found.finding][0]}。{found.summary or ''}")
    if found.approved_at:
        made.add_paragraph(f"审核通过：{found.approver_name}，{local_date(found.approved_at)}")


def _said(made: Word, taken: Taken) -> None:
    made.add_heading("和反映人的对话", 1)
    for one in taken.file.messages:
        who = "反映人" if one.from_reporter else one.author or "系统"
        made.add_paragraph(f"{local_date(one.written_at)} {who}：{one.body}")
    made.add_heading("内部记录", 1)
    for note in taken.file.notes:
        made.add_paragraph(f"{local_date(note.written_at)} {note.author}：{note.body}")


def _proof(made: Word, taken: Taken) -> None:
    made.add_heading("经过", 1)
    rows = []
    for one in taken.events:
        told = described(one)
        rows.append((f"{told['day']} {told['when'].partition(' ')[2]}", told["who"], told["act"], one.hash[:16]))
    _table(made, ("时间", "谁", "做了什么", "记录的指纹"), rows)
    made.add_paragraph("指纹的全文在 events.json 里，每份文件的在 manifest.json 里。怎么核对，看 README.txt。")


def _table(made: Word, heads: Sequence[str], rows: Rows) -> None:
    lines = list(rows)
    if not lines:
        made.add_paragraph("没有。")
        return
    table = made.add_table(rows=0, cols=len(heads), style="Table Grid")
    if any(heads):
        for cell, head in zip(table.add_row().cells, heads, strict=True):
            cell.text = head
    for line in lines:
        for cell, said in zip(table.add_row().cells, line, strict=True):
            cell.text = said


def _readme(taken: Taken, public_key: str) -> str:
    return f"""清风卷宗 {taken.file.case.number}
{watermark(taken)}

里面有什么
  {DOCUMENT}    可以看、可以打印的卷宗
  files/          交来的材料，一个字节也没动过
  events.json     这一件的办理记录，每一笔都带指纹；反映人和上级的查看不在里面
  manifest.json   每份文件的大小和指纹（SHA-256），谁在什么时候为什么导出
  signature.json  对 manifest.json 的签名（Ed25519）

怎么核对有没有被改过（不用联网，不用数据库）
  qingfeng verify-export 卷宗.zip --public-key {public_key}
  公钥要和本单位公开页 /log 上的一样。改动任何一个字节都会报出来。
  解压再打包的不算原件，请核对原来的那个文件。

它证明不了的
  签名只说明是这个系统导出的、之后没有改过，不说明里面说的事是真的。

请妥善保管。看到不该看的内容，请马上交还。
"""
