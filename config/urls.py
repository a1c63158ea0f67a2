"""All addresses: pages, the API, and its description."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

urlpatterns = [
    path("", include("designer.urls")),
    path("api/", include("simulator.web.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
]

handler404 = "simulator.web.errors.not_found"
handler500 = "simulator.web.errors.server_error"
handler403 = "simulator.web.errors.forbidden"
