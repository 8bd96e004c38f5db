"""What the logins of all surfaces share: wrong passwords are counted, and too many have to wait."""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.template.response import TemplateResponse

from config.kernel.requests import address_of
from config.kernel.tries import TooManyTries, count_try, take_back_try
from config.kernel.types import GuessedDoor

if TYPE_CHECKING:
    from django.contrib.auth.forms import AuthenticationForm as Base
else:
    Base = object


class CountedLogin(Base):
    """For the login form of a surface, before its base: the try is counted by the address and the e-mail it names.

    `wait_seconds` says how long to wait where it was not looked at.
    """

    wait_seconds = 0

    def clean(self) -> dict[str, Any]:
        if not self.cleaned_data.get("username") or not self.cleaned_data.get("password"):
            return super().clean()
        tried = {
            "door": GuessedDoor.LOGIN,
            "address": address_of(self.request),
            "account": self.cleaned_data["username"],
        }
        try:
            count_try(**tried)
        except TooManyTries as error:
            self.wait_seconds = error.seconds
            raise ValidationError(error.message, code=error.code) from None
        cleaned = super().clean()
        take_back_try(**tried)
        return cleaned


def told_to_wait(response: Any) -> Any:
    """Say with the page's status, too, that a login was not looked at, and when it will be."""
    form = (response.context_data or {}).get("form") if isinstance(response, TemplateResponse) else None
    if seconds := getattr(form, "wait_seconds", 0):
        response.status_code = 429
        response.headers["Retry-After"] = str(seconds)
    return response
