"""From a citizen's words to type, category, responsible unit, urgency and facts.

:class:`nlp.text.understander.Understander` is the door; it holds no state between texts.
"""
