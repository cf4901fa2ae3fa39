"""Letters, PDFs and archives: what people read, made from values."""
