"""Finding the article that answers: by its words, by how they sound, by what they are about.

Knows texts and numbers of articles only; who may write and read them is ``dispatch``'s.
"""
