"""Speech to text: models, recognition in supervised worker processes, text for reading.

:mod:`nlp.speech.service` is the live way in, :mod:`nlp.speech.files` the one for recordings.
"""
