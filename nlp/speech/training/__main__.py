"""``python -m nlp.speech.training``: the stages from text to a model folder."""

from nlp.speech.training.stages import main

if __name__ == "__main__":
    main()
