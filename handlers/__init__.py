"""What reacts: chat, desk and clock at the edges, services inside."""
