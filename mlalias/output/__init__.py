"""From a result, a format and a screen to text; nothing here looks at a stream or prints.

`shapes.py` makes the records that `-o json` prints; `listings.py` (what reading commands show) and `changes.py` (what
writing commands show) choose columns from those records; `tables.py` draws them; `page.py` has the formats, the screen
and the page that `main` writes. For a new format, give `Format` a member and each `_listing` and `_result` a branch.
"""
