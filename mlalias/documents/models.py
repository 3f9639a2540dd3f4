"""Models, and the table of aliases, as TOML files and declarations have them."""

from mlalias.core.catalog import Model
from mlalias.documents.codec import Document, check_model
from mlalias.documents.deployments import of_table, to_deployment
from mlalias.documents.dots import foreign_key
from mlalias.documents.table import Table, unless_dotted


def new_model(model_id: str, table: Table) -> Model:
    """Build a model from user input; raises InvalidDocument if it could not be stored and exported."""
    foreign = foreign_key(table.document)
    if foreign:
        table.invalid(f"has {table.place(foreign)}, which is not a key of a model")
    check_model(table.document, f"{table.source}{f' (at {table.where})' if table.where else ''}")
    return model(model_id, table)


def model(model_id: str, table: Table) -> Model:
    """Build a model from its keys, including `deployments`; raises InvalidDocument."""
    if table.document.get("model_id", model_id) != model_id:
        table.invalid(f"has another model_id{table.here}: '{table.document['model_id']}'")
    table.text("model_type")
    table.text("description")
    table.texts("tags")
    table.table("input").texts("field_names")
    if "inference_config" in table.document and len(table.table("inference_config").document) != 1:
        table.invalid(f"does not have exactly one inference type in {table.place('inference_config')}")
    config = {key: value for key, value in table.document.items() if key not in _NOT_CONFIG}
    metadata = {key: value for key, value in table.table("metadata").document.items() if key != "model_aliases"}
    if metadata:
        config["metadata"] = metadata
    if "deployments" in table.document:
        return Model(model_id, config, tuple(of_table(entry) for entry in table.tables("deployments")))
    return Model(model_id, config).deployed_as(None)


_NOT_CONFIG = ("model_id", "deployments", "metadata")


def aliases(table: Table) -> dict[str, str]:
    """The table `[aliases]` of a document; raises InvalidDocument."""
    table = table.table("aliases")
    return {
        alias: target if type(target) is str else unless_dotted(table, alias).text(alias) or ""
        for alias, target in table.document.items()
    }


def to_model_document(model: Model) -> Document:
    """A model in the form of its file and of a declaration."""
    document = dict(model.config)
    if model.deployments or (model.deployments == () and model.model_type == "pytorch"):
        listed = (to_deployment(deployment) for deployment in model.deployments)
        document["deployments"] = [{k: value for k, value in keys.items() if value is not None} for keys in listed]
    return document
