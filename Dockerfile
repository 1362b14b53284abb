# docker build -t aeviz . && docker run -p 8501:8501 -v aeviz:/data aeviz
# What people make is kept in the volume /data. The classroom page of the documentation has the
# settings; each is an environment variable (docker run -e AEVIZ_HOSTS=...). With --build-arg RAY=1 the
# image also has Ray: it is then for all machines of a cluster.
FROM python:3.11-slim

RUN useradd --uid 10001 --create-home aeviz && mkdir -p /data && chown aeviz /data
WORKDIR /opt/aeviz

# README's first command, in two steps, so that a change of the code does not install everything anew.
ARG RAY=""
COPY requirements.txt constraints.txt requirements-ray.txt ./
RUN python3 -m venv .venv \
    && .venv/bin/pip install --no-cache-dir -r requirements.txt ${RAY:+-r requirements-ray.txt}
# KubeRay starts `ray` from the standard path, and asks for its health with wget.
RUN if [ -n "$RAY" ]; then ln -s /opt/aeviz/.venv/bin/ray /usr/local/bin/ray \
    && apt-get update && apt-get install -y --no-install-recommends wget; fi
COPY . .

USER aeviz
ENV AEVIZ_RUNS=/data/runs AEVIZ_DATA=/data/data AEVIZ_DATASETS=/data/datasets
VOLUME /data
EXPOSE 8501
HEALTHCHECK --start-period=30s CMD [".venv/bin/python", "-c", \
    "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=3)"]
CMD [".venv/bin/streamlit", "run", "app.py", "--server.address", "0.0.0.0"]
