from tests.discord_server.probe import Ears, ShardedEars, ready
from tests.discord_server.snowflakes import shard_of

IDENTIFY, RESUME = 2, 6


async def test_a_client_without_shards_hears_of_every_guild(server):
    server.add_guild("Mill", shard=(1, 2))

    async with ready(Ears(server)) as client:
        assert {guild.name for guild in client.guilds} == {"Harbor", "Mill"}


async def test_the_number_of_shards_is_the_one_that_the_gateway_asks_for(server):
    server.num_shards = 2
    mill = server.add_guild("Mill", shard=(1, 2))
    lane = server.add_channel("lane", guild=mill)

    async with ready(ShardedEars(server)) as client:
        await server.until(lambda: len(client.guilds) == 2)
        await server.member("Mia", guild=mill).says(lane, "hello")
        await server.until(lambda: client.heard)

    assert client.get_guild(int(mill.id)).shard_id == 1
    assert server.gateway.num_heard(IDENTIFY) == 2


async def test_a_client_of_some_shards_hears_only_of_theirs(server):
    mill = server.add_guild("Mill", shard=(1, 4))
    quay = server.add_guild("Quay", shard=(3, 4))
    lane, pier = server.add_channel("lane", guild=mill), server.add_channel("pier", guild=quay)
    mia = server.member("Mia")
    for guild in (mill, quay):
        server.member("Mia", guild=guild)

    async with ready(ShardedEars(server, shard_ids=[3], shard_count=4)) as client:
        await mia.says(lane, "on shard 1")
        await mia.says(mia.dm, "a DM, on shard 0")
        await mia.says(pier, "on shard 3")
        await server.until(lambda: client.heard)

    assert client.texts == ["on shard 3"]
    assert {guild.name for guild in client.guilds} == {
        guild.name for guild in server.guilds_of_bot() if shard_of(guild.id, 4) == 3
    }


async def test_a_shard_resumes_by_itself(server):
    async with ready(ShardedEars(server, shard_count=2)) as client:
        await server.until(lambda: server.gateway.num_connected == 2)
        server.gateway.drop_connections()
        await server.member("Mia").says(server.general, "meanwhile")
        await server.until(lambda: client.events.count("shard_resumed") == 2)

    assert client.texts == ["meanwhile"]
    assert (server.gateway.num_heard(IDENTIFY), server.gateway.num_heard(RESUME)) == (2, 2)
