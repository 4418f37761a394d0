"""Who else has a case open, in words: on its page, and for the page's own question every few seconds."""

from starlette.responses import JSONResponse, Response

from handlers.desk.request import CaseNumber, Watching
from handlers.services import presence
from handlers.services.errors import DeclarationNeeded, NotFound
from handlers.services.presence import Company


async def show_presence(visit: Watching, number: CaseNumber) -> Response:
    """Who is at the case now, and its version, so that the page can say when a colleague was quicker."""
    try:
        async with visit.unit_of_work() as uow:
            company = await presence.still_looking(uow, visit.official, number)
            await uow.commit()
    except DeclarationNeeded as needed:
        raise NotFound("case") from needed
    return JSONResponse({"says": said(company), "version": company.version})


def said(company: Company) -> str:
    """One sentence about who else is there; empty when nobody is."""
    looking = f"{'、'.join(company.others)}也在看这件。" if company.others else ""
    handled = f"正在由{company.handler}办。" if company.handler else ""
    return handled + looking
