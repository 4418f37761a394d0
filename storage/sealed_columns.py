"""Every column that holds bytes, and whose key opens them: what `qingfeng rotate-key` has to seal anew.

What a newcomer gets wrong: a new column of bytes stands here too, with the purpose its repository seals it for, or
among those that are not the server's to open. A test finds one that does not.
"""

from typing import Final

from storage import outbox, sealed_pieces
from storage.repositories import (
    cases,
    clocks,
    dialogue,
    escalations,
    exports,
    flags,
    gates,
    inquiries,
    investigations,
    links,
    messages,
    officials,
    people,
    receipts,
    recusals,
    redactions,
    releases,
    reports,
    responsibilities,
    sign_ins,
    transfers,
)
from storage.repositories.files import NAME

#: Table and column -> the purposes it may have been sealed for.
SEALED_BY_SERVER: Final[dict[str, tuple[str, ...]]] = {
    "accountability.words_sealed": (responsibilities.ACCOUNT,),
    "case_clock.extension_sealed": (clocks.PAUSE,),
    "case_flag.inputs_sealed": (flags.INPUTS,),
    "case_flag.reasons_sealed": (flags.INPUTS,),
    "case_matter.quote_sealed": (cases.MATTER,),
    "case_merge.reason_sealed": (links.MERGE,),
    "case_message.body_sealed": (dialogue.MESSAGE, cases.NOTE),  # reporters' additions were notes once
    "case_note.body_sealed": (cases.NOTE,),
    "case_receipt.text_sealed": (receipts.TEXT,),
    "cases.narrative_sealed": (cases.NARRATIVE,),
    "ceremony.secret_sealed": (sign_ins.CEREMONY,),
    "chat_message.body_sealed": (messages.BODY,),
    "clock_pause.reason_sealed": (clocks.PAUSE,),
    "difficulty.note_sealed": (responsibilities.NOTE,),
    "disposal.note_sealed": (investigations.OPINION,),
    "disposal.reason_sealed": (investigations.OPINION,),
    "escalation.answer_sealed": (escalations.ANSWER,),
    "evidence_announced.name_sealed": (NAME,),
    "export.purpose_sealed": (exports.PURPOSE,),
    "flag_removal.reason_sealed": (flags.REMOVAL,),
    "gate_evidence.words_sealed": (gates.WORDS,),
    "gate_review.reason_sealed": (gates.WORDS,),
    "identity_release.words_sealed": (releases.WORDS,),
    "inbound.payload_sealed": (people.INBOUND,),
    "inquiry.question_sealed": (inquiries.QUESTION,),
    "inquiry.reply_sealed": (inquiries.QUESTION,),
    "inquiry_escalation.note_sealed": (inquiries.NOTE,),
    "investigation.summary_sealed": (investigations.FINDING,),
    "investigation_evidence.description_sealed": (investigations.FINDING,),
    "investigation_step.body_sealed": (investigations.FINDING,),
    "kinship.name_sealed": (recusals.KINSHIP,),
    "measure.document_sealed": (investigations.MEASURE,),
    "measure.reason_sealed": (investigations.MEASURE,),
    "official.notice_chat_sealed": (officials.NOTICE,),
    "official.totp_secret_sealed": (officials.TOTP,),
    "outbox.payload_sealed": (outbox.PURPOSE,),
    "outbox.recipient_sealed": (outbox.PURPOSE,),
    "person.data_sealed": (people.DATA,),
    "person.handle_sealed": (people.HANDLE,),
    "redaction.reason_sealed": (redactions.REASON,),
    "release_vote.reason_sealed": (releases.WORDS,),
    "report_draft.answers_sealed": (reports.ANSWERS,),
    "stored_file.name_sealed": (NAME,),
    "transfer.answer_sealed": (transfers.REASON,),
    "transfer.reason_sealed": (transfers.REASON,),
    "village_plan.measures_sealed": (responsibilities.PLAN,),
}

#: What the keys of files are sealed for.
FILES: Final = sealed_pieces.PURPOSE

#: Sealed, but to people: the server cannot open them, and no key of the server's stands behind them.
SEALED_TO_PEOPLE: Final = frozenset(
    {
        "custodian_pepper.pepper_sealed",
        "identity.address_sealed",
        "identity.contact_sealed",
        "identity.name_sealed",
        "identity_share.share_sealed",
        "identity_whole.contact_sealed",
        "identity_whole.name_sealed",
        "official_key.private_key_sealed",
        "official_key.recovery_sealed",
        "release_vote.share_sealed",
        "share_contribution.share_sealed",
    }
)

#: Keyed with the first secret, which stays in the key file for good (`KeyRing.index`).
KEYED_INDEXES: Final = frozenset(
    {
        "cases.receipt_index",
        "cases.reported_person_index",
        "event.seal",
        "filing_mark.subject",
        "mass_reaction.subject",
        "person.key",
        "sign_in_failure.subject",
        "sign_in_strain.subject",
    }
)

#: Public halves, salts, hashes of random tokens, tokens made with the custodians' secret, our own content.
IN_CLEAR: Final = frozenset(
    {
        "cases.person_token",
        "case_receipt.token_hash",
        "ceremony.browser_hash",
        "desk_session.token_hash",
        "identity.public_key",
        "invitation.token_hash",
        "known_device.token_hash",
        "log_head.public_key",
        "log_head.signature",
        "official_key.public_key",
        "official_key.salt",
        "passkey.credential_id",
        "passkey.public_key",
        "passkey.registered_in",
        "rule_set.content",
        "seat_link.token_hash",
        "sign_in_link.token_hash",
        "signing_key.public_key",
        "upload_link.token_hash",
        "web_visitor.token_hash",
    }
)
