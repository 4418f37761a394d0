"""Official texts of laws that this deployment imported: which file, when, and each article's words.

Both tables only grow, and an import takes no article beyond the number it was written with (enforcement/0002). The
newest import of a law is the one that counts.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, String, Table, Text

from storage.tables.base import metadata
from storage.types import Instant, Key

law_import = Table(
    "law_import",
    metadata,
    Column("id", Key, primary_key=True),
    Column("law_id", String(80), nullable=False, index=True),  # as in knowledge/content/laws
    Column("version", String(60), nullable=False),  # as that law's file said then: a later version is another text
    Column("sha256", String(64), nullable=False),  # of the file as it was handed over
    Column("file_name", String(200), nullable=False),
    Column("articles", Integer, nullable=False),
    Column("imported_at", Instant, nullable=False),
    CheckConstraint("articles >= 1", name="articles_counted"),
)

law_article = Table(
    "law_article",
    metadata,
    Column("import_id", ForeignKey("law_import.id", ondelete="RESTRICT"), primary_key=True),
    Column("article", String(20), primary_key=True),  # 18, or 18-1 for 第十八条之一
    Column("text", Text, nullable=False),
)
