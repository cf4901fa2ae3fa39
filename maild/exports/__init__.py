"""A period becomes a package: archives with the documents, their index, and what they add up to."""
