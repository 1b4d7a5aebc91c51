class Absent(Exception):
    """Raised by a row that cannot run on this machine; says why."""
