"""Makes the practice model: a small Vosk model that understands espeak-ng's Mandarin voice.

Everything comes from text of ours, jieba's word list and espeak-ng's speech; nothing is fetched.
Run ``python -m nlp.speech.training --help``; needs ``pip install -e .[train]`` and Debian's
``espeak-ng libfst-tools libfst22-plugins-base``. See docs/speech.md.
"""
