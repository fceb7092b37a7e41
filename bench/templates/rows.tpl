{% args rows %}
<table>
{% for number, name in rows %}
<tr><td>{{number}}</td><td>{{name}}</td></tr>
{% endfor %}
</table>
