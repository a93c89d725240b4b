# SPDX-License-Identifier: Apache-2.0
"""``.. states:: NAME``: a table of ``karbor.model.states`` as a table."""

from docutils import nodes
from docutils.parsers.rst import Directive

from karbor.model import states

HEAD = ('state', 'may become', '')


def _row(cells):
    row = nodes.row()
    for texts in cells:
        paragraph = nodes.paragraph()
        for number, text in enumerate(texts):
            if number:
                paragraph += nodes.Text(', ')
            paragraph += text
        row += nodes.entry('', paragraph)
    return row


class States(Directive):
    """One table; the reader sees what the program checks."""

    required_arguments = 1

    def run(self):
        table = getattr(states, self.arguments[0])
        group = nodes.tgroup(cols=len(HEAD))
        for width in (2, 5, 3):
            group += nodes.colspec(colwidth=width)
        head = nodes.thead()
        head += _row([[nodes.Text(text)] for text in HEAD])
        body = nodes.tbody()
        for state, changes in table.changes.items():
            notes = []
            if state in table.initial:
                notes.append(nodes.Text('it begins here'))
            if state in table.final:
                notes.append(nodes.Text('it may stay so'))
            body += _row([[nodes.literal('', state)],
                          [nodes.literal('', new) for new in sorted(changes)]
                          or [nodes.Text('nothing')],
                          notes])
        group += [head, body]
        result = nodes.table()
        result += group
        return [result]


def setup(app):
    app.add_directive('states', States)
    return {'parallel_read_safe': True}
