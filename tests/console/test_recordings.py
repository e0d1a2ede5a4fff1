"""Recordings at the console: files of a call, the stereo player, holds, and who has listened."""

from __future__ import annotations

import io
import wave
from datetime import timedelta

import numpy as np
import pytest

from models.ids import new_id
from models.tables import Call, CallEventRow, CallParty, Recording
from models.vocabulary import CallEventKind, Leg, PartyKind
from tests.console.house import House
from tests.console.test_calls import past_call, staff_id

pytestmark = pytest.mark.store

CITIZEN, AGENT, EXPERT = 1000, 2000, 4000


def record(house: House, path: str, seconds: float, value: int) -> None:
    """So many seconds of one value."""
    file = house.services.settings.recordings_dir / path
    file.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(value.to_bytes(2, "little") * round(8000 * seconds))


async def recorded_call(house: House) -> Call:
    """Ten minutes ago: the citizen for four seconds, the agent from the second second, an expert
    from the third on.
    """
    started = house.clock.now() - timedelta(minutes=10)
    call = await past_call(
        house,
        started_at=started,
        answered_at=started + timedelta(seconds=1),
        ended_at=started + timedelta(seconds=4),
        citizen_recording="2026/11/02/c/caller.wav",
        agent_recording="2026/11/02/c/agent-1.wav",
        agent_recording_at=started + timedelta(seconds=2),
    )
    expert = CallParty(
        id=new_id(),
        call_id=call.id,
        kind=PartyKind.EXPERT,
        name="城管专家",
        recording="2026/11/02/c/party-1.wav",
        recording_at=started + timedelta(seconds=3),
    )
    async with house.store.transaction() as work:
        work.session.add(expert)
    record(house, "2026/11/02/c/caller.wav", 4, CITIZEN)
    record(house, "2026/11/02/c/agent-1.wav", 2, AGENT)
    record(house, "2026/11/02/c/party-1.wav", 1, EXPERT)
    return call


async def test_all_files_with_their_place_in_the_call(house: House) -> None:
    call = await recorded_call(house)
    agent = await house.signed_in("agent")
    for _ in range(2):  # asking again enters nothing twice
        files = (await agent.get(f"/api/calls/{call.id}/recordings")).body
    assert [(f["leg"], f["offset_s"], f["seconds"]) for f in files] == [
        ("CALLER", 0.0, 4.0),
        ("AGENT", 2.0, 2.0),
        ("THIRD", 3.0, 1.0),
    ]
    assert (files[2]["leg_label"], files[2]["party_name"]) == ("部门专家", "城管专家")
    assert files[0]["bytes"] == 44 + 64000 and len(files[0]["sha256"]) == 64
    assert not files[0]["held"]


async def test_the_stereo_file_is_in_call_time(house: House) -> None:
    call = await recorded_call(house)
    agent = await house.signed_in("agent")
    answer = await agent.get(f"/api/calls/{call.id}/mix.wav")
    with wave.open(io.BytesIO(answer.raw)) as sound:
        assert (sound.getnchannels(), sound.getframerate()) == (2, 8000)
        samples = np.frombuffer(sound.readframes(-1), "<i2").reshape(-1, 2)
    assert len(samples) == 4 * 8000
    heard = [tuple(samples[round(8000 * at)]) for at in (0.5, 1.99, 2.01, 2.99, 3.5)]
    assert [left for left, _ in heard] == [CITIZEN] * 5
    assert [right for _, right in heard] == [0, 0, AGENT, AGENT, AGENT + EXPERT]
    part = await agent.get(f"/api/calls/{call.id}/mix.wav", Range="bytes=44-47")
    assert (part.status, part.raw) == (206, samples[0].tobytes())


async def test_every_listening_is_written_down_once(house: House) -> None:
    call = await recorded_call(house)
    agent, manager = await house.signed_in("agent"), await house.signed_in("manager")
    files = (await agent.get(f"/api/calls/{call.id}/recordings")).body
    for start in (0, 100, 200):  # a player asks piece by piece
        await agent.get(files[0]["url"], Range=f"bytes={start}-{start + 50}")
    await agent.get(f"/api/calls/{call.id}/mix.wav")
    page = (await manager.get(f"/api/access-log?subject={call.id}")).body
    assert [(row["what"], row["staff_name"]) for row in page["items"]] == [
        ("recording.mix", "李晓梅"),
        ("recording.caller", "李晓梅"),
    ]
    first = (await manager.get("/api/access-log?limit=1&staff=李晓梅")).body
    rest = (await manager.get(f"/api/access-log?limit=1&cursor={first['next_cursor']}")).body
    assert [page["items"][0]["what"] for page in (first, rest)] == [
        "recording.mix",
        "recording.caller",
    ]
    assert (await agent.get("/api/access-log")).status == 403


async def test_a_callers_number_is_masked_for_who_may_not_see_it(house: House) -> None:
    agent = await house.signed_in("agent")
    assert (await agent.get("/api/callers/13907341234")).status == 200
    for name in ("manager", "admin"):
        reader = await house.signed_in(name)
        (row,) = (await reader.get("/api/access-log?staff=晓梅")).body["items"]
        assert (row["what"], row["subject"]) == ("caller_profile", "139****1234"), name
        assert (await reader.get("/api/access-log?staff=%25")).body["items"] == []


async def test_whose_call_it_is(house: House) -> None:
    call = await recorded_call(house)
    other = await house.signed_in("agent2")
    clerk = await house.signed_in("clerk")
    leader = await house.signed_in("leader")
    url = (await leader.get(f"/api/calls/{call.id}/recordings")).body[0]["url"]
    for address in (url, f"/api/calls/{call.id}/recordings", f"/api/calls/{call.id}/mix.wav"):
        assert (await other.get(address)).status == 404
        assert (await clerk.get(address)).status == 403
        assert (await leader.get(address)).status == 200
    await joins(house, call, "agent2")
    assert (await other.get(url)).status == 200


async def test_what_a_listening_leader_left_is_the_floors_business(house: House) -> None:
    call = await recorded_call(house)
    leader, agent = await house.signed_in("leader"), await house.signed_in("agent")
    party = CallParty(
        call_id=call.id,
        kind=PartyKind.SUPERVISOR,
        agent_id=await staff_id(house, "leader"),
        name="陈建国",
        joined_at=call.answered_at,
        recording="2026/11/02/c/supervisor.wav",
        recording_at=call.answered_at,
    )
    async with house.store.transaction() as work:
        work.session.add(party)
    record(house, party.recording, 2, EXPERT)
    address, mix = f"/api/calls/{call.id}/recordings", f"/api/calls/{call.id}/mix.wav"
    own = [one for one in (await leader.get(address)).body if one["leg_label"] == "班长"]
    assert [one["party_name"] for one in own] == ["陈建国"]
    assert "班长" not in [one["leg_label"] for one in (await agent.get(address)).body]
    assert (await agent.get(own[0]["url"])).status == 404
    assert (await agent.get(mix)).raw != (await leader.get(mix)).raw

    # Who came in spoke to the citizen: that belongs to the call.
    came_in = CallEventRow(
        call_id=call.id,
        at=house.clock.now(),
        kind=CallEventKind.BARGED_IN,
        actor=party.agent_id,
    )
    async with house.store.transaction() as work:
        work.session.add(came_in)
    assert (await agent.get(own[0]["url"])).status == 200
    assert (await agent.get(mix)).raw == (await leader.get(mix)).raw


async def joins(house: House, call: Call, username: str) -> None:
    """The call was handed to this agent for a while."""
    async with house.store.transaction() as work:
        work.session.add(
            CallParty(
                call_id=call.id,
                kind=PartyKind.AGENT,
                agent_id=await staff_id(house, username),
                joined_at=house.clock.now(),
            )
        )


async def test_a_hold_and_its_release(house: House) -> None:
    call = await recorded_call(house)
    leader, agent = await house.signed_in("leader"), await house.signed_in("agent")
    holds = f"/api/calls/{call.id}/legal-holds"
    assert (await agent.post(holds, {"reason": "行政复议"})).status == 403
    assert (await leader.post(holds, {"reason": " "})).status == 422
    held = (await leader.post(holds, {"reason": "行政复议"})).body
    assert (held["placed_by_name"], held["released_at"]) == ("陈建国", None)
    assert (await agent.get(f"/api/calls/{call.id}/recordings")).body[0]["held"]
    release = f"/api/legal-holds/{held['id']}/release"
    done = (await leader.post(release, {"reason": "复议结束"})).body
    assert done["release_reason"] == "复议结束" and done["released_by_name"] == "陈建国"
    assert (await leader.post(release, {"reason": "再来一次"})).status == 409
    assert not (await agent.get(f"/api/calls/{call.id}/recordings")).body[0]["held"]
    assert [one["reason"] for one in (await agent.get(holds)).body] == ["行政复议"]


async def test_what_is_gone_says_why(house: House) -> None:
    call = await recorded_call(house)
    agent = await house.signed_in("agent")
    files = (await agent.get(f"/api/calls/{call.id}/recordings")).body
    (house.services.settings.recordings_dir / "2026/11/02/c/caller.wav").unlink()
    answer = await agent.get(files[0]["url"])
    assert answer.status == 404 and "不在原处" in answer.body["detail"]
    async with house.store.transaction() as work:
        row = await work.session.get(Recording, files[0]["id"])
        assert row is not None and row.leg is Leg.CALLER
        row.deleted_at = house.clock.now()
    answer = await agent.get(files[0]["url"])
    assert answer.status == 404 and "保存期限" in answer.body["detail"]
