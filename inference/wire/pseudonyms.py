"""Other names for people, the same one for a person throughout. Pure."""

import itertools
from collections.abc import Collection, Iterable

from inference.wire.chat_log import Person
from inference.wire.name_finder import name_words

_NAMES_TEXT = (
    "Noor Elif Tomas Yuki Amara Leif Priya Mateo Hana Kofi Ingrid Ravi Zofia Diego Mei Tariq Saoirse"
    " Emeka Lucia Arjun Freya Minh Salma Piotr Chloe Jomo Aiko Luca Farah Sven Thandi Pablo Nadia"
    " Kenji Alba Omar Greta Tuan Imani Bruno Leila Stefan Wanjiru Hugo Divya Marek Rosa Jun Asha Nils"
    " Carmen Idris Vera Bao Selma Andre Keiko Musa Lotte Rohan Paloma Viktor Ayesha Dario Sunniva"
    " Chidi Mila Hamza Clara Takeshi Zainab Felix Anouk Rafael Nomsa Jakub Esther Karim Maren Linh"
    " Oscar Parisa Tobias Yara Ines Nikhil Signe Moses Dalia Janek Aroha Cosmin Fatou Henrik Lamia"
    " Sione Petra Bilal Nia"
)
NAMES = tuple(_NAMES_TEXT.split())


def pseudonyms(people: Iterable[Person], *, not_used: Collection[str] = ()) -> dict[str, str]:
    """Give each person another name, by id; `Noor 2` and so on after the last one.

    A name that somebody really has, or that is in `not_used`, is given to nobody. Bots keep theirs.
    """
    everyone = list(people)
    real = {
        word.casefold()
        for person in everyone
        for name in person.called
        for word in name_words(name)
    }
    avoided = real | {name.casefold() for name in not_used}
    free = [name for name in NAMES if name.casefold() not in avoided] or ["Person"]
    numbered = (
        name if turn == 1 else f"{name} {turn}" for turn in itertools.count(1) for name in free
    )
    return {person.id: person.name if person.is_bot else next(numbered) for person in everyone}
