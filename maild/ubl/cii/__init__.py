"""Invoices in UN/CEFACT's syntax (CII), as Factur-X, ZUGFeRD and XRechnung use it: read, never written."""
