"""The size of uploaded files, which Streamlit keeps in memory."""

from __future__ import annotations

from streamlit.runtime import exists, get_instance


def held(session: str) -> tuple[int, int]:
    """Bytes of this session's files, and of all; 0 if Streamlit keeps them somewhere else."""
    manager = get_instance().uploaded_file_mgr if exists() else None
    sizes = {
        name: sum(len(file.data) for file in list(files.values()))
        for name, files in list(getattr(manager, "file_storage", {}).items())
    }
    return sizes.get(session, 0), sum(sizes.values())
