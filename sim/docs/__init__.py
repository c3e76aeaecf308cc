"""The documentation that ships with clearsim: pages, and what generates the reference from the code."""
