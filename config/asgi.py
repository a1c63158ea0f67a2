"""HTTP through Django, websockets through Channels."""

import gc
import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
http = get_asgi_application()

from simulator import catalog  # noqa: E402 - models may be imported only now
from simulator.web.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {"http": http, "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))}
)

# What every request needs is loaded by now and stays: the garbage collector need not walk it again and again, which took half the time of saving a large diagram.
catalog.kinds()
gc.collect()
gc.freeze()
