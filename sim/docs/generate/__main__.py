"""`python -m clearsim.docs.generate`: write the generated pages."""

from . import FOLDER, pages

for name, text in pages().items():
    (FOLDER / name).write_text(text, encoding="utf-8")
    print(FOLDER / name)
