"""What extensions exist, which one a selector means, how they are kept and edited.

The map, from top to bottom. A folder imports only those below it, and not those on the same line.

client | service   a registry's REST API as a record store | that API: paths, bodies, who may do what. Edges
stores             where records are kept: a folder of files, or a cluster. Edge
templates | resolving | delivery | kube   records of common products to fill in | which service a selector means. Pure |
                   shared credentials and the ledger. Pure | the API server. Edge
records            the record of an extension: fields, rules, its text and its object. Pure
documents          YAML and JSON text to plain data, with the line of each value. Pure
errors | reporting | suggestions   what can go wrong | problems that last, logged once. Edge | words for misspelt ones
"""
