"""HTTP and WebSocket endpoints beside Streamlit's, and what they share."""
