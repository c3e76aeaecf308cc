"""The configs that ship with clearsim; `clearsim configs` lists them."""
