"""What the cases of several test modules share."""

# Models of the sample.
OLD, NEW, SLIM = (
    "flight-delay-prediction-1574775339910",
    "flight-delay-prediction-1580004349800",
    "flight-delay-slim-1612000000000",
)
LATE = "flight-delayed-classification-1601405047985"
SST = "distilbert-base-uncased-finetuned-sst-2-english"

COMMANDS = ("put", "delete", "list", "models", "show", "resolve", "compare")


def spelled(parameter):
    """A command as the id of its case."""
    is_command = isinstance(parameter, list) and parameter and parameter[0] in COMMANDS
    return " ".join(parameter) if is_command else ""
