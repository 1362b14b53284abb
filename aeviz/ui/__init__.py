"""What the pages share: controls, state and caches. Beside `pages/`, the only Streamlit code."""
