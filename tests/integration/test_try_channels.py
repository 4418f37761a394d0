import pytest
from tests.channels import *
@pytest.fixture(params=CHANNELS)
async def site(request, sqlite_storage):
    async with open_site(request.param, sqlite_storage) as s: yield s
async def test_x(site):
    await site.do(factories.add_county)
    v = await site.meet()
    print(await v.say("你好"))
    print(await v.press("我要反映"))
    print(await v.send_photo(caption="看这个"))
    print(await v.say("不知道啊", times=5))
    print(await v.say("不知道啊2", times=5, at_once=True))
    print(await v.draft())
