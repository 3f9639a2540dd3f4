"""A catalog behind Elasticsearch's REST routes, for its official clients and for tests; `serve` is the door.

`listen.py` has the socket, the signals and the log; `app.py` takes a request to an answer, whatever goes wrong;
`routes.py` lists the routes; `bodies.py` makes what they answer; `http.py` is how Elasticsearch speaks HTTP.
"""
