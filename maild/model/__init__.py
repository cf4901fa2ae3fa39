"""The ground floor: frozen values named after the field; no I/O and no clock."""
