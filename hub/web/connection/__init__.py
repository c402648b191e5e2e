"""Pages about agencies' connections: for the technician of an agency, and for who looks after the hub."""
