"""From an upload to the restored file, through the real routes with tiny models."""

from __future__ import annotations

import numpy as np
import pytest
from photo_server_tools import BASE, ask, picture, pixels_of, png, tiny, until_end, upload
from starlette.testclient import TestClient

from aeviz.images import Photo
from aeviz.restoration.photo import restore_photo
from aeviz.restoration.tasks import TASKS
from aeviz.server.photos.connection import HEADER


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_each_task_gives_the_restored_photo_whole_and_in_tiles(client: TestClient, task) -> None:
    before = picture(90, 130, 1 if task.name == "colour" else 3)
    photo = upload(client, before, name="my photo.PNG")
    mask = np.zeros((90, 130, 1), np.uint8)
    mask[20:30, 40:60] = 255
    if task.mask:
        answer = client.put(f"{BASE}/photos/{photo['id']}/mask", content=png(mask))
        assert answer.json() == {"pixels": 200}
    with client.websocket_connect(f"{BASE}/work") as session:
        ask(session, 7, photo["id"], task.name)
        done, tiles = until_end(session, 7)
    assert done["state"] == "done", done
    assert (done["width"], done["height"]) == (130 * task.scale, 90 * task.scale)
    assert (done["scores"], done["skipped"]) == (None, 0)

    expected = restore_photo(
        tiny(task.model).model,
        task,
        Photo(before),
        mask=mask[:, :, 0] > 0 if task.mask else None,
    ).pixels
    answer = client.get(f"{BASE}/results/{done['result']}")
    np.testing.assert_array_equal(pixels_of(answer.content), expected)
    saved_as = f"attachment; filename*=utf-8''my%20photo-{task.name}.png"
    assert answer.headers["content-disposition"] == saved_as
    shown = np.zeros_like(expected)
    for tile in tiles:
        job, x, y, w, h = HEADER.unpack_from(tile)
        assert job == 7
        shown[y : y + h, x : x + w] = pixels_of(tile[HEADER.size :])
    np.testing.assert_array_equal(shown, expected)
