"""UBL 2.1 in and out: XML bytes to a Bill and back; no files, no network, no clock."""
