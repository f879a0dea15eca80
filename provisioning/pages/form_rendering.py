"""How form fields are drawn: FKUI's markup and class names around Django's own widgets.

Set as FORM_RENDERER; `{{ field.as_field_group }}` then gives label, hint, error and input as one group.
Source: FKUI 6.44 text-field, textarea-field, select-field, checkbox, radio-button and fieldset.
"""

from __future__ import annotations

from typing import Any

from django.forms import (
    BoundField,
    CheckboxInput,
    CheckboxSelectMultiple,
    RadioSelect,
    Select,
    Textarea,
    Widget,
)
from django.forms.renderers import TemplatesSetting

# First match wins: RadioSelect and CheckboxSelectMultiple are kinds of Select only by Django's inheritance.
SHAPES: tuple[tuple[type[Widget], str, str], ...] = (
    (CheckboxSelectMultiple, "checkboxes", "checkbox__input"),
    (RadioSelect, "radios", "radio-button__input"),
    (CheckboxInput, "checkbox", "checkbox__input"),
    (Select, "select", "select-field__select"),
    (Textarea, "textarea", "textarea-field__textarea textarea-field__resize--vertical"),
    (Widget, "text", "text-field__input"),
)


class FkuiBoundField(BoundField):
    """A bound field that knows its shape on the page and where an error link should lead."""

    @property
    def shape(self) -> str:
        """Name the markup this field needs: `text`, `select`, `radios`, …"""
        return _shape_of(self.field.widget)[0]

    @property
    def focus_id(self) -> str:
        """Id of the element that takes focus when somebody follows a link to this field."""
        if self.shape in ("radios", "checkboxes"):
            return f"{self.auto_id}_0" if self.auto_id else ""
        return self.id_for_label

    @property
    def limit(self) -> int | None:
        """How many characters are taken, where they are counted on the page."""
        limit: int | None = self.field.widget.attrs.get("data-limit")
        return limit

    @property
    def aria_describedby(self) -> str | None:
        """The hint and the error, and the limit."""
        described: str | None = super().aria_describedby
        if self.limit is None or not self.auto_id:
            return described
        return f"{described or ''} {self.auto_id}_limit".strip()

    def build_widget_attrs(self, attrs: dict[str, Any], widget: Widget | None = None) -> dict[str, Any]:
        widget = widget or self.field.widget
        attrs = super().build_widget_attrs(attrs, widget)
        if widget.is_hidden:
            return attrs
        shape, css_class = _shape_of(widget)
        own_class = attrs.get("class") or widget.attrs.get("class")
        attrs["class"] = f"{css_class} {own_class}" if own_class else css_class
        if shape in ("radios", "checkboxes"):
            # The group is invalid, and its fieldset points to the error; one radio may not say so (ARIA 1.2).
            attrs.pop("aria-invalid", None)
        return attrs


class FkuiRenderer(TemplatesSetting):
    """Draws forms with this app's templates and widgets with Django's own."""

    form_template_name = "provisioning/forms/form.html"
    field_template_name = "provisioning/forms/field.html"
    bound_field_class = FkuiBoundField


def _shape_of(widget: Widget) -> tuple[str, str]:
    return next((shape, css_class) for kind, shape, css_class in SHAPES if isinstance(widget, kind))
