"""What an agency runs on its own side: its format in and out, speaking only the hub's public interface."""
