import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from live_models import Library, loaded
from waiting import until

from aeviz.errors import UserError
from aeviz.server.live.batcher import Client
from aeviz.server.live.computer import ModelComputer
from aeviz.server.live.connection import deliver
from aeviz.server.live.stats import Stats
from aeviz.server.live.store import ModelStore


def store(library: Library, budget: int) -> ModelStore:
    return ModelStore(library.load, library.version, deliver, Stats(), budget)


def test_a_model_is_loaded_once_and_again_when_its_file_changes() -> None:
    library = Library(a=loaded())
    models = store(library, 1 << 30)
    first = models.get("a")
    assert models.get("a") is first
    library.models["a"] = loaded()
    assert models.get("a") is not first
    assert library.loads == ["a", "a"]


def test_the_least_recently_used_model_goes_first_but_never_one_in_use() -> None:
    library = Library(a=loaded(), b=loaded(), c=loaded())
    size = store(library, 1 << 30).get("a").memory
    models = store(library, 2 * size)
    models.get("a").clients.add(Client())
    models.get("b")
    models.get("c")
    assert models.names() == ["a", "c"]


def test_an_unknown_model_leaves_the_store_as_it_was() -> None:
    models = store(Library(a=loaded()), 1 << 30)
    models.get("a")
    with pytest.raises(UserError, match="no model called b"):
        models.get("b")
    assert models.names() == ["a"]


def test_codes_beyond_all_reason_still_give_pixels() -> None:
    computer = ModelComputer(loaded(latent_dim=3).model)
    pixels = computer.decode(np.full((2, 3), 3e38, np.float32))
    assert pixels.shape == (2, 8, 8, 1)
    assert pixels.dtype == np.uint8


def threads(name: str) -> int:
    return sum(thread.name == f"decode-{name}" for thread in threading.enumerate())


def test_a_model_whose_file_changed_ends_with_its_last_client() -> None:
    library = Library(leaver=loaded())
    models = store(library, 1 << 30)
    clients = Client(), Client()
    old = models.join("leaver", clients[0])
    assert models.join("leaver", clients[1]) is old
    library.models["leaver"] = loaded()
    fresh = models.get("leaver")
    assert fresh is not old
    models.leave(old, clients[0])
    assert threads("leaver") == 2  # one client is still served by the old one
    models.leave(old, clients[1])
    until(lambda: threads("leaver") == 1)


def test_what_is_sent_first_is_made_once_however_many_ask() -> None:
    model = store(Library(a=loaded()), 1 << 30).get("a")
    with ThreadPoolExecutor(8) as pool:
        galleries = [pool.submit(model.gallery) for _ in range(8)]
    assert len({id(future.result()) for future in galleries}) == 1
