"""One module per way out: each carries a parcel to one kind of destination."""
