"""From a result, a format and a screen to text; nothing here looks at a stream or prints.

`shapes.py` makes the records that `-o json` prints; `listings.py` (what reading commands show) and `changes.py` (what
writing commands show) choose columns from those records, and so do `checks.py` and `answers.py` of the records of
`checked.py`; `rollouts.py` shows a change and its checks; `tables.py` draws them; `page.py` has the formats, the screen
and the page that `main` writes. For a new format, give `Format` a member and each `_listing` and `_result` a branch.
"""
