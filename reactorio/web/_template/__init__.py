"""
What templates are made with, besides `reactorio.web._stan`, `_element` and `_flatten`.

    escape      text, as it stands in a document
    xml         XML as tags
    loaders     where templates come from
    failures    Failures as pages
"""
