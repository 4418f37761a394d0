"""Raw attacks that need a case at a certain point of its road, and what must refuse each.

The last statement of an attack is the cheat; those before it are lawful and must go through, so that it is the cheat
that is refused and nothing else. `CONTROLS` are the same statements where they may: they must go through.

:id is the flagged case at that point, :other one like it that has just come in, :plain one without flags; :unit answers
for them. :official and :second handle cases there, :leader and :leader2 approve there, :above and :above2 a level
higher. :low works a level below, :far in another county, :idle has no seat any more, :staff has another role, :recused
and :recused_above stand back from :id. :up, :down and :side are units.
"""

from tests.staged_attacks.controls import CONTROLS
from tests.staged_attacks.flags import FLAGS
from tests.staged_attacks.late import LATE_FLAGS
from tests.staged_attacks.merges import MERGES
from tests.staged_attacks.records import NAMES, RECORDS
from tests.staged_attacks.road import ROAD
from tests.staged_attacks.sql import Attack
from tests.staged_attacks.units import UNITS

STAGED = {**FLAGS, **MERGES, **UNITS, **ROAD, **NAMES, **RECORDS}

__all__ = ["CONTROLS", "LATE_FLAGS", "STAGED", "Attack"]
