{{- define "orch.name" -}}
{{- $name := .Release.Name -}}
{{- if not (contains .Chart.Name $name) -}}{{- $name = printf "%s-%s" $name .Chart.Name -}}{{- end -}}
{{- $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "orch.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "orch.labels" -}}
{{ include "orch.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "orch.secret" -}}
{{- default (include "orch.name" .) .Values.secrets.existing -}}
{{- end -}}

{{/* What cannot work is refused before anything is installed. */}}
{{- define "orch.check" -}}
{{- if not .Values.baseUrl -}}
{{- fail "set baseUrl to the address that clients and browsers use, such as https://mcp.example.com" -}}
{{- end -}}
{{- if not .Values.secrets.existing -}}
{{- if lt (len .Values.secrets.jwtSecret) 32 -}}
{{- fail "set secrets.jwtSecret to at least 32 random bytes (openssl rand -base64 32), or secrets.existing to a secret that has it" -}}
{{- end -}}
{{- if not .Values.secrets.encryptionKey -}}
{{- fail "set secrets.encryptionKey to 32 random bytes as base64 (openssl rand -base64 32), or secrets.existing to a secret that has it" -}}
{{- end -}}
{{- end -}}
{{- if and (gt (int .Values.replicas) 1) (not .Values.database.url) (not .Values.secrets.existing) -}}
{{- fail "more than one replica needs PostgreSQL: set database.url, or secrets.existing to a secret with DATABASE_URL" -}}
{{- end -}}
{{- if and .Values.secrets.existing .Values.database.url -}}
{{- fail "database.url does nothing beside secrets.existing: put DATABASE_URL into that secret" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) -}}
{{- fail "set ingress.host to the host name of baseUrl" -}}
{{- end -}}
{{- if regexMatch "(?m)^\\s*\\[metrics\\]" .Values.config -}}
{{- fail "leave [metrics] out of config: it is written from metrics" -}}
{{- end -}}
{{- end -}}
