"""Testing: what hosts and adapter authors prove their parts with. (extra: testing)

- `contracts`: a pytest class per port; the tests carry the numbers of the port's promises.
- `fakes`: small ports that keep these promises and can be set and looked into.
- `books`: everything a store shows as one frozen value, to compare two stores or two moments.
- `strategies`: Hypothesis strategies for money, journals, wallets, records and changes.
- `machine`: random commands on several stores at once, whose books must stay the same.
- `simulator`: jobs whose steps fail, repeat, are delayed or overtaken, or are killed anywhere.

Import the submodule you need; pytest and Hypothesis are loaded by those that use them.
"""

from __future__ import annotations
