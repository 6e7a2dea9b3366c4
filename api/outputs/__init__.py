"""A plan as files that people can open without the service: JSON, a workbook of dispatch orders, and a page."""
