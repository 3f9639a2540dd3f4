"""Turns results into text, for a format and a screen; nothing here writes to a stream.

`shapes.py` makes the records that `-o json` prints; `listings.py` (what reading commands show) and `changes.py` (what
writing commands show) choose columns from those records. `listings.overlap` draws the bar and the table of lost and
gained fields, for `compare` and for the warning of a move. `checks.py` and `answers.py` do the same with the records of
`checked.py`; `rollouts.py` shows a change with its checks; `users.py` shows what uses a model or an alias. `tables.py`
draws tables; `page.py` has the formats, the screen and the page that `main` writes. A new format is a member of
`Format`, and a branch wherever one is compared.
"""
