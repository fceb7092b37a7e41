{% args n %}
<!DOCTYPE html>
<html lang="en">
<head><title>Squares</title></head>
<body>
<h1>Squares from 1 to {{n}}</h1>
<table>
{% for i in range(1, n + 1) %}
<tr><td>{{i}}²</td><td>{{i * i}}</td></tr>
{% endfor %}
</table>
</body>
</html>
